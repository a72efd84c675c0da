// The options of a run: those that most people want, and all others behind `Advanced`.
import type { Preset } from '../../../../src/style/options.js';
import { gpu } from '../gpu.js';
import { type TextKey, t } from '../i18n.js';
import { Card } from '../parts/card.js';
import { Choice, FileButton, NumberField, Segments } from '../parts/fields.js';
import { Notice } from '../parts/notice.js';
import { useNet } from './control.js';
import { FIRST_SETTINGS, formatLayers, parseLayers, type Settings } from './settings.js';
import { busy, netFile, resolved, settings } from './state.js';

type Options = Settings['options'];

function set(change: Partial<Options>): void {
  settings.value = { ...settings.value, options: { ...settings.value.options, ...change } };
}

/** What the option comes to where it is left out. */
function resolvedValue(name: keyof Options): string {
  const all = resolved.value;
  if (!all || 'error' in all || name === 'preset') return t('style.byDefault');
  const value = all.options[name];
  return typeof value === 'number' ? String(Number(value.toPrecision(6))) : String(value);
}

type NumberName = {
  [K in keyof Options]-?: NonNullable<Options[K]> extends number ? K : never;
}[keyof Options];

/** A number; emptied, the preset's default holds. Fixed ones cannot change during a run. */
function Num({ name, label, live = false }: { name: NumberName; label: TextKey; live?: boolean }) {
  return (
    <NumberField
      label={t(label)}
      value={settings.value.options[name]}
      placeholder={resolvedValue(name)}
      disabled={!live && busy.value}
      onChange={(value) => set({ [name]: value })}
    />
  );
}

interface OneOfProps {
  readonly name: keyof Options;
  readonly label: TextKey;
  /** Values and their texts; a text that is no key is shown as it is. */
  readonly values: readonly (readonly [string, string])[];
  readonly live?: boolean;
}

function OneOf({ name, label, values, live = false }: OneOfProps) {
  const all = resolved.value;
  const value =
    settings.value.options[name] ??
    (all && 'options' in all && name !== 'preset' ? all.options[name] : values[0]![0]);
  return (
    <Choice
      label={t(label)}
      value={String(value)}
      options={values}
      disabled={!live && busy.value}
      onChange={(chosen) => set({ [name]: chosen })}
    />
  );
}

export function Form() {
  const { options } = settings.value;
  const problem = resolved.value && 'error' in resolved.value ? resolved.value.error : undefined;
  return (
    <Card
      title={t('style.run')}
      aside={
        <button
          type="button"
          class="quiet"
          disabled={busy.value}
          onClick={() => {
            settings.value = { ...settings.value, options: FIRST_SETTINGS.options };
          }}
        >
          {t('style.reset')}
        </button>
      }
    >
      <Segments<Preset>
        label={t('style.preset')}
        value={options.preset}
        options={[
          ['quality', t('style.preset.quality')],
          ['paper', t('style.preset.paper')],
          ['gatys', t('style.preset.gatys')],
        ]}
        disabled={busy.value}
        onChange={(preset) =>
          set({ preset, iterations: preset === 'quality' ? options.iterations : undefined })
        }
      />
      <div class="fields">
        <Num name="size" label="style.size" />
        <NumberField
          label={t('style.steps')}
          value={options.iterations}
          placeholder={resolvedValue('iterations')}
          disabled={busy.value}
          onChange={(iterations) => set({ iterations })}
        />
        <Num name="styleWeight" label="style.strength" live />
        <Num name="contentWeight" label="style.contentWeight" live />
        <Num name="tvWeight" label="style.tvWeight" live />
      </div>
      <OneOf
        name="color"
        label="style.color"
        live
        values={[
          ['style', t('style.color.style')],
          ['keep', t('style.color.keep')],
          ['match-histogram', t('style.color.match-histogram')],
          ['match-moments', t('style.color.match-moments')],
        ]}
      />
      {problem !== undefined && (
        <Notice kind="warning" title={t('trouble.input')}>
          {problem}
        </Notice>
      )}
      <details>
        <summary>{t('style.advanced')}</summary>
        <Advanced />
      </details>
    </Card>
  );
}

function Advanced() {
  const { options, precision } = settings.value;
  const state = gpu.value;
  const layers = (name: 'styleLayers' | 'contentLayers', label: TextKey) => (
    <TextField
      label={t(label)}
      value={formatLayers(options[name])}
      placeholder={formatLayers(
        resolved.value && 'options' in resolved.value ? resolved.value.options[name] : undefined,
      )}
      onChange={(text) => set({ [name]: parseLayers(text) })}
    />
  );
  return (
    <div class="stack">
      <div class="fields">
        <OneOf
          name="optimizer"
          label="style.optimizer"
          values={[
            ['adam', 'Adam'],
            ['lbfgs', 'L-BFGS'],
          ]}
        />
        <Num name="learningRate" label="style.learningRate" live />
        <Num name="beta1" label="style.beta1" />
        <Num name="beta2" label="style.beta2" />
        <Num name="epsilon" label="style.epsilon" />
        <Num name="averageDecay" label="style.averageDecay" />
        <Num name="history" label="style.history" />
        <OneOf
          name="styleLoss"
          label="style.styleLoss"
          values={[
            ['gram', t('style.styleLoss.gram')],
            ['w2', t('style.styleLoss.w2')],
          ]}
        />
        <OneOf
          name="normalization"
          label="style.normalization"
          values={[
            ['relative', 'relative'],
            ['mean', 'mean'],
            ['paper', 'paper'],
          ]}
        />
        <OneOf
          name="tvForm"
          label="style.tvForm"
          live
          values={[
            ['l2', 'L2'],
            ['l1', 'L1'],
          ]}
        />
        <Num name="firstSize" label="style.firstSize" />
        <Num name="styleScale" label="style.styleScale" live />
        <OneOf
          name="init"
          label="style.init"
          values={[
            ['content', t('style.init.content')],
            ['noise', t('style.init.noise')],
            ['style', t('style.init.style')],
          ]}
        />
        <Num name="initNoise" label="style.initNoise" />
        <Num name="seed" label="style.seed" />
        <OneOf
          name="pooling"
          label="style.pooling"
          values={[
            ['max', t('style.pooling.max')],
            ['average', t('style.pooling.average')],
          ]}
        />
        <Num name="poolingScale" label="style.poolingScale" />
        <OneOf
          name="padding"
          label="style.padding"
          values={[
            ['replicate', t('style.padding.replicate')],
            ['zero', t('style.padding.zero')],
          ]}
        />
        <WordOrNumber name="tile" word="auto" label="style.tile" />
        <WordOrNumber name="tileOverlap" word="exact" label="style.tileOverlap" />
        <WordOrNumber name="memory" word="auto" label="style.memory" />
        {state.kind === 'ready' && state.ready.mixed && (
          <Choice
            label={t('style.precision')}
            value={precision}
            options={[
              ['f32', t('style.precision.f32')],
              ['mixed', t('style.precision.mixed')],
            ]}
            disabled={busy.value}
            onChange={(value) => {
              settings.value = { ...settings.value, precision: value };
            }}
          />
        )}
      </div>
      {layers('styleLayers', 'style.layers')}
      {layers('contentLayers', 'style.contentLayer')}
      <div class="stack tight">
        <span class="hint">
          {t('style.net')}:{' '}
          {settings.value.net === 'vgg19'
            ? t('style.netOwn', { name: netFile.value ?? 'vgg19' })
            : t('style.netSlim')}
        </span>
        <div class="row">
          <FileButton
            label={t('style.ownNet')}
            accept=".safetensors"
            disabled={busy.value}
            onFiles={([file]) => file && void useNet(file)}
          />
        </div>
      </div>
    </div>
  );
}

/** A number, or the word that an empty field means. */
function WordOrNumber({
  name,
  word,
  label,
}: {
  name: 'tile' | 'tileOverlap' | 'memory';
  word: string;
  label: TextKey;
}) {
  const value = settings.value.options[name];
  return (
    <NumberField
      label={t(label)}
      value={typeof value === 'number' ? value : undefined}
      placeholder={word}
      disabled={busy.value}
      onChange={(number) => set({ [name]: number })}
    />
  );
}

function TextField({
  label,
  value,
  placeholder,
  onChange,
}: {
  label: string;
  value: string;
  placeholder: string;
  onChange(text: string): void;
}) {
  return (
    <label class="field">
      <span class="hint">{label}</span>
      <input
        type="text"
        value={value}
        placeholder={placeholder}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </label>
  );
}
