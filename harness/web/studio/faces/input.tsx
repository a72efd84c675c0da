// Pictures in, and how they are searched.
import { t } from '../i18n.js';
import { ACCEPT } from '../parts/accept.js';
import { Card } from '../parts/card.js';
import { DropZone } from '../parts/drop-zone.js';
import { Choice, FileButton, Segments, Slider } from '../parts/fields.js';
import { Camera } from './camera.js';
import { addPictures, change, lookAgain } from './control.js';
import { chosen, held, nets, pictures, settings, shown, working } from './state.js';

export function Input() {
  return (
    <Card title={t('faces.pictures')} class="first">
      <DropZone name="faces" onFiles={addPictures}>
        <div class="drop">
          <span>{t('faces.drop')}</span>
          <FileButton label={t('faces.choose')} accept={ACCEPT} multiple onFiles={addPictures} />
        </div>
      </DropZone>
      <Camera />
      {pictures.value.length > 1 && (
        <Choice
          label={t('faces.shown')}
          value={String(chosen.value)}
          options={pictures.value.map(({ id, name, seen, error }) => [
            String(id),
            `${name} (${seen ? seen.faces.length : error === undefined ? t('faces.waiting') : '!'})`,
          ])}
          onChange={(id) => {
            chosen.value = Number(id);
          }}
        />
      )}
      <Progress />
    </Card>
  );
}

function Progress() {
  const loading = nets.value;
  if (loading && loading.received < loading.total) {
    const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
    const text = t('faces.nets', { mb: mb(loading.received), total: mb(loading.total) });
    return (
      <div class="stack tight">
        <span class="hint">{text}</span>
        <progress aria-label={text} value={loading.received} max={loading.total} />
      </div>
    );
  }
  return working.value ? <span class="hint">{t('faces.looking')}</span> : null;
}

export function Options() {
  const { search, minScore, threshold, landmarks, keepCrops } = settings.value;
  const own = held.value?.search.threshold;
  const value = threshold ?? own;
  return (
    <Card title={t('faces.options')}>
      <Segments
        label={t('faces.search')}
        value={search}
        options={[
          ['first', t('faces.search.first')],
          ['thorough', t('faces.search.thorough')],
        ]}
        onChange={(depth) => {
          change({ search: depth });
          lookAgain();
        }}
      />
      <Slider
        label={t('faces.minScore')}
        value={minScore}
        min={0.1}
        max={0.9}
        step={0.05}
        shown={minScore.toFixed(2)}
        onInput={(score) => change({ minScore: score })}
      />
      {value !== undefined && (
        <Slider
          label={t('faces.threshold')}
          hint={t('faces.thresholdHint')}
          value={value}
          min={0.02}
          max={1}
          step={0.005}
          shown={value.toFixed(3)}
          onInput={(chosenValue) => change({ threshold: chosenValue })}
        />
      )}
      {threshold !== undefined && own !== undefined && (
        <button type="button" class="quiet" onClick={() => change({ threshold: undefined })}>
          {t('faces.thresholdOwn', { value: own.toFixed(3) })}
        </button>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={landmarks}
          onChange={(event) => change({ landmarks: event.currentTarget.checked })}
        />
        {t('faces.landmarks')}
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={keepCrops}
          onChange={(event) => change({ keepCrops: event.currentTarget.checked })}
        />
        {t('faces.keepCrops')}
      </label>
      {shown.value && (
        <button type="button" disabled={working.value} onClick={lookAgain}>
          {t('gpu.again')}
        </button>
      )}
    </Card>
  );
}
