// The style page.
import { t } from '../i18n.js';
import { Card } from '../parts/card.js';

export function StylePage() {
  return (
    <div class="style-page">
      <Card title={t('style.pictures')}>
        <p class="hint">{t('style.empty')}</p>
      </Card>
    </div>
  );
}
