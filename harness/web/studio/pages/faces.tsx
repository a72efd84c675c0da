// The page `faces`: says what it is for, until there is more.
import { t } from '../i18n.js';
import { Card } from '../parts/card.js';

export function FacesPage() {
  return (
    <div class="page narrow">
      <Card title={t('tab.faces')}>
        <p>{t('faces.soon')}</p>
      </Card>
    </div>
  );
}
