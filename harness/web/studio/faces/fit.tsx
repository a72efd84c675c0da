// A threshold fitted to the user's own people: a folder of them, or those that are enrolled.
import { useState } from 'preact/hooks';
import type { Calibration } from '../../../../src/faces/evaluation/calibration.js';
import type { SeenRate } from '../../../../src/faces/evaluation/operating-point.js';
import { decodeError } from '../../worker/messages.js';
import { studioWorker } from '../gpu.js';
import { t } from '../i18n.js';
import { Card } from '../parts/card.js';
import { Fault } from '../parts/fault.js';
import { NumberField, Segments } from '../parts/fields.js';
import { useKeptFocus } from '../parts/focus.js';
import { attempt, change, refresh } from './control.js';
import { collection, held, news } from './state.js';
import type { FitParams, Fit as Fitted } from './study-jobs.js';

const FIRST_FAR = 0.001;
type FitPicture = NonNullable<FitParams['pictures']>[number];

/** The pictures of a folder, each of the person that its own folder is named after, as `facet face enroll` reads them. */
export function folderPictures(files: Iterable<File>): FitPicture[] {
  return [...files].flatMap((file) => {
    const [person] = file.webkitRelativePath.split('/').slice(-2);
    if (!file.type.startsWith('image/') || person === undefined || person === file.name) return [];
    return [{ file, name: file.webkitRelativePath, person }];
  });
}

export function ThresholdFit() {
  const [far, setFar] = useState(FIRST_FAR);
  const [calibration, setCalibration] = useState<Calibration['kind']>('platt');
  const [running, setRunning] = useState<{ text: string; cancel: () => void }>();
  const [fit, setFit] = useState<Fitted>();
  const known = held.value?.collections.some(({ name }) => name === collection.value) ?? false;
  const buttons = useKeptFocus<HTMLDivElement>();
  const start = async (pictures?: readonly FitPicture[]) => {
    setFit(undefined);
    const params: FitParams = {
      collection: collection.value,
      far,
      calibration,
      ...(pictures ? { pictures } : {}),
    };
    const job = studioWorker().start('faceFit', params, (event) => {
      if (event.type === 'picture')
        setRunning({ text: t('faces.fitProgress', { done: event.done + 1, total: event.total }), cancel });
    });
    const cancel = () => job.cancel();
    setRunning({ text: t('faces.looking'), cancel });
    setFit(await attempt(() => job.result));
    setRunning(undefined);
  };
  const keep = async () => {
    await attempt(() =>
      studioWorker().call('faceKeep', { collection: collection.value, fitted: fit!.fitted }),
    );
    change({ threshold: undefined });
    await refresh();
    const name = collection.value;
    news.value = () => t('faces.fitKept', { collection: name });
  };
  return (
    <Card title={t('faces.fit')}>
      <p class="hint">{t('faces.fitHint')}</p>
      <div class="fields">
        <NumberField
          label={t('faces.far')}
          value={far}
          min={0}
          max={1}
          step="any"
          onChange={(value) => setFar(value ?? FIRST_FAR)}
        />
        <Segments<Calibration['kind']>
          label={t('faces.calibration')}
          value={calibration}
          options={[
            ['platt', t('faces.calibration.platt')],
            ['isotonic', t('faces.calibration.isotonic')],
          ]}
          onChange={setCalibration}
        />
      </div>
      <div class="row" ref={buttons}>
        <label class="button" data-disabled={running ? '' : undefined}>
          <input
            type="file"
            class="visually-hidden"
            multiple
            disabled={running !== undefined}
            // The attribute is no standard, and every browser has it.
            {...{ webkitdirectory: true }}
            onChange={({ currentTarget }) => {
              const pictures = folderPictures(currentTarget.files ?? []);
              currentTarget.value = '';
              void start(pictures);
            }}
          />
          {t('faces.fitFolder')}
        </label>
        <button type="button" disabled={running !== undefined || !known} onClick={() => void start()}>
          {t('faces.fitEnrolled')}
        </button>
        {running && (
          <button type="button" class="quiet" onClick={running.cancel}>
            {t('faces.stop')}
          </button>
        )}
      </div>
      {running && (
        <p class="hint" role="status">
          {running.text}
        </p>
      )}
      {fit && <Result fit={fit} keep={keep} />}
    </Card>
  );
}

function Result({ fit: { fitted, failures }, keep }: { readonly fit: Fitted; keep(): Promise<void> }) {
  const rate = ({ hits, trials, low, high }: SeenRate) => ({
    hits,
    trials,
    low: (100 * low).toFixed(3),
    high: (100 * high).toFixed(3),
  });
  return (
    <div class="stack" role="status" data-threshold={fitted.threshold}>
      <strong>{t('faces.fitted', { threshold: fitted.threshold.toFixed(4), far: fitted.wantedFar })}</strong>
      <span>{t('faces.fitFar', rate(fitted.far))}</span>
      <span>{t('faces.fitTar', rate(fitted.tar))}</span>
      {!fitted.resolved && <span class="hint">{t('faces.fitUnresolved')}</span>}
      {failures.length > 0 && (
        <details>
          <summary>{t('faces.fitSkipped', { count: failures.length })}</summary>
          {failures.map((failure) => (
            <Fault key={failure.message} error={decodeError(failure)} />
          ))}
        </details>
      )}
      <div class="row">
        <button type="button" class="primary" onClick={() => void keep()}>
          {t('faces.fitKeep')}
        </button>
      </div>
    </div>
  );
}
