// The page `hood`: says what it is for, until there is more.
import { t } from '../i18n.js';
import { Card } from '../parts/card.js';

export function HoodPage() {
  return (
    <div class="page narrow">
      <Card title={t('tab.hood')}>
        <p>{t('hood.soon')}</p>
      </Card>
    </div>
  );
}
