// Whether two faces are of one person.
import { useState } from 'preact/hooks';
import { squaredDistance } from '../../../../src/faces/gallery/distance.js';
import { probabilityAt } from '../../../../src/faces/judgement.js';
import { t } from '../i18n.js';
import { PixelCanvas } from '../parts/canvas.js';
import { Card } from '../parts/card.js';
import { Choice } from '../parts/fields.js';
import { allFaces, held, settings } from './state.js';

export function Verify() {
  const faces = allFaces.value;
  const [first, setFirst] = useState('');
  const [second, setSecond] = useState('');
  const a = faces.find(({ key }) => key === first) ?? faces[0];
  const b = faces.find(({ key }) => key === second && key !== a?.key) ?? faces.find((one) => one !== a);
  const judgement = held.value?.verify;
  if (!a || !b || !judgement) {
    return (
      <Card title={t('faces.verify')}>
        <p class="hint">{t('faces.verifyNone')}</p>
      </Card>
    );
  }
  const distance = squaredDistance(a.face.embedding, b.face.embedding);
  const threshold = settings.value.threshold ?? judgement.threshold;
  const probability = probabilityAt(judgement, distance);
  const options = faces.map(({ key, label }) => [key, label] as const);
  return (
    <Card title={t('faces.verify')}>
      <div class="pair">
        {([a, b] as const).map(({ face, label }) => (
          <PixelCanvas key={label} pixels={face.chip} class="chip" label={label} />
        ))}
      </div>
      <div class="fields">
        <Choice label={t('faces.first')} value={a.key} options={options} onChange={setFirst} />
        <Choice label={t('faces.second')} value={b.key} options={options} onChange={setSecond} />
      </div>
      <p role="status" data-verdict={distance < threshold ? 'same' : 'different'}>
        {t('faces.verdict', {
          verdict: t(distance < threshold ? 'faces.same' : 'faces.different'),
          distance: distance.toFixed(3),
          threshold: threshold.toFixed(3),
        })}
        {probability !== null && `, ${t('faces.sure', { percent: (100 * probability).toFixed(0) })}`}
      </p>
    </Card>
  );
}
