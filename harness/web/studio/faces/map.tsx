// The samples of the collection on a plane, to look through one by one.
import { useEffect, useState } from 'preact/hooks';
import { studioWorker } from '../gpu.js';
import { language, t } from '../i18n.js';
import { Card } from '../parts/card.js';
import { Segments } from '../parts/fields.js';
import { attempt } from './control.js';
import { FEWEST_FOR_UMAP, type MapMethod } from './embedding-map.js';
import { Crop } from './gallery.js';
import { collection, held } from './state.js';
import type { MapPoint } from './study-jobs.js';

/** Hues a golden angle apart, so that neighbours in the list are far apart on the wheel. */
const GOLDEN_ANGLE = 137.508;
const SIDE = 400;
const MARGIN = 14;

export function EmbeddingMap() {
  const [method, setMethod] = useState<MapMethod>('pca');
  const [points, setPoints] = useState<readonly MapPoint[]>([]);
  const [at, setAt] = useState(0);
  const name = collection.value;
  const count = held.value?.collections.find((one) => one.name === name)?.samples ?? 0;
  // What was drawn is of another collection, or of one that has changed.
  useEffect(() => setPoints([]), [name, held.value]);
  const draw = async (how: MapMethod) => {
    setMethod(how);
    const made = await attempt(() => studioWorker().call('faceMap', { collection: name, method: how }));
    setPoints(made ?? []);
    setAt(0);
  };
  const people = [...new Set(points.map(({ person }) => person))];
  const chosen = points[at];
  const sample = held.value?.samples.find(({ id }) => id === chosen?.id);
  const step = (by: number) => setAt((at + by + points.length) % points.length);
  return (
    <Card title={t('faces.map')}>
      <p class="hint">{t('faces.mapHint')}</p>
      <Segments<MapMethod>
        label={t('faces.map.method')}
        value={method}
        options={[
          ['pca', t('faces.map.pca')],
          ['umap', t('faces.map.umap')],
        ]}
        onChange={(how) => (points.length > 0 ? void draw(how) : setMethod(how))}
      />
      {method === 'umap' && count < FEWEST_FOR_UMAP && (
        <p class="hint">{t('faces.mapUmapFew', { count: FEWEST_FOR_UMAP })}</p>
      )}
      <button type="button" disabled={count === 0} onClick={() => void draw(method)}>
        {t('faces.mapDraw')}
      </button>
      {points.length > 0 && (
        <>
          <svg
            class="map"
            viewBox={`0 0 ${SIDE} ${SIDE}`}
            role="img"
            aria-label={t('faces.mapLabel', { count: points.length })}
          >
            {points.map(({ id, person, x, y }, i) => (
              // biome-ignore lint/a11y/noStaticElementInteractions: the buttons below do the same by keyboard
              <circle
                key={id}
                cx={MARGIN + x * (SIDE - 2 * MARGIN)}
                cy={MARGIN + y * (SIDE - 2 * MARGIN)}
                r={i === at ? 10 : 6}
                class={i === at ? 'chosen' : undefined}
                fill={`hsl(${(people.indexOf(person) * GOLDEN_ANGLE) % 360} 55% 50%)`}
                onClick={() => setAt(i)}
              >
                <title>{person}</title>
              </circle>
            ))}
          </svg>
          <div class="row">
            <button type="button" onClick={() => step(-1)} aria-label={t('faces.previous')}>
              ‹
            </button>
            <button type="button" onClick={() => step(1)} aria-label={t('faces.next')}>
              ›
            </button>
          </div>
          {sample && (
            <div class="row" role="status">
              <Crop sample={sample} />
              <span>
                {t('faces.sampleOf', {
                  person: sample.person,
                  source: sample.source,
                  time: new Date(sample.time).toLocaleString(language.value),
                })}
              </span>
            </div>
          )}
        </>
      )}
    </Card>
  );
}
