// Behind the run: how much of it is taken, and the files to keep.
import { useEffect, useRef } from 'preact/hooks';
import { encodeRunManifest } from '../../../../src/style/manifest.js';
import { studioWorker } from '../gpu.js';
import { t } from '../i18n.js';
import { Card } from '../parts/card.js';
import { FileButton, Slider } from '../parts/fields.js';
import { importCheckpoint } from './control.js';
import { busy, checkpoints, content, mix, picture, result, styles, trouble } from './state.js';

export function Finish() {
  const done = result.value;
  const mixing = useRef(false);
  useEffect(() => {
    void remix();
  }, [mix.value]);

  /** One picture after the other, the last one as the sliders then stand. */
  async function remix(): Promise<void> {
    if (!result.value || mixing.current) return;
    mixing.current = true;
    try {
      for (let seen: unknown; seen !== mix.value && result.value; ) {
        seen = mix.value;
        picture.value = await studioWorker().call('runMix', { mix: mix.value });
      }
    } finally {
      mixing.current = false;
    }
  }

  return (
    <Card title={t('style.finish')}>
      <Slider
        label={t('style.mix.strength')}
        value={mix.value.strength}
        min={0}
        max={1}
        step={0.01}
        shown={`${Math.round(100 * mix.value.strength)} %`}
        disabled={!done}
        onInput={(strength) => {
          mix.value = { ...mix.value, strength };
        }}
      />
      <Slider
        label={t('style.mix.color')}
        value={mix.value.color}
        min={0}
        max={1}
        step={0.01}
        shown={`${Math.round(100 * mix.value.color)} %`}
        disabled={!done}
        onInput={(color) => {
          mix.value = { ...mix.value, color };
        }}
      />
      <div class="row">
        <button type="button" class="primary" disabled={!done} onClick={() => void savePng(8)}>
          {t('style.png8')}
        </button>
        <button type="button" disabled={!done} onClick={() => void savePng(16)}>
          {t('style.png16')}
        </button>
        <button type="button" disabled={!done} onClick={saveManifest}>
          {t('style.manifest')}
        </button>
        <button type="button" disabled={!done} onClick={() => void saveCheckpointFile()}>
          {t('style.checkpoint')}
        </button>
        <FileButton
          label={t('style.import')}
          accept=".safetensors"
          disabled={busy.value}
          onFiles={([file]) => file && void open(file)}
        />
      </div>
      <p class="hint">{t('style.manifestHint')}</p>
    </Card>
  );
}

async function open(file: File): Promise<void> {
  if (content.value && styles.value.length > 0) await importCheckpoint(file);
  else trouble.value = { kind: 'importNeeds' };
}

/** `photo-in-painting.png`. */
function baseName(): string {
  const stem = (name: string) => name.replace(/\.\w+$/, '');
  return [content.value, ...styles.value.slice(0, 1)].map((one) => stem(one?.name ?? '')).join('-in-');
}

async function savePng(bits: 8 | 16): Promise<void> {
  if (!result.value) return;
  const bytes = await studioWorker().call('runPng', { mix: mix.value, bits });
  save(new Blob([bytes], { type: 'image/png' }), `${baseName()}.png`);
}

function saveManifest(): void {
  const done = result.value;
  if (!done) return;
  const text = encodeRunManifest({ ...done.manifest, mix: mix.value });
  save(new Blob([text], { type: 'application/json' }), `${baseName()}.run.json`);
}

async function saveCheckpointFile(): Promise<void> {
  const last = checkpoints.value.at(-1);
  if (!last) return;
  const bytes = last.bytes ?? (await studioWorker().call('runBytes', { run: last.run, step: last.step }));
  save(new Blob([bytes]), `${baseName()}.checkpoint.safetensors`);
}

function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken it up by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
