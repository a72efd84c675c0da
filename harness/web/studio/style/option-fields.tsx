// Fields of the form, each an option of the command line; an empty one leaves the preset's default, which it shows.
import { type TextKey, t } from '../i18n.js';
import { Choice, NumberField } from '../parts/fields.js';
import { formatLayers, parseLayers, type Settings } from './settings.js';
import { busy, resolved, settings } from './state.js';

export type Options = Settings['options'];

/** Changes options; undefined leaves the preset's default. */
export function setOptions(change: Partial<Options>): void {
  settings.value = { ...settings.value, options: { ...settings.value.options, ...change } };
}

/** What the option comes to where it is left out. */
export function resolvedValue(name: keyof Options): string {
  const all = resolved.value;
  if (!all || 'error' in all || name === 'preset') return t('style.byDefault');
  const value = all.options[name];
  return typeof value === 'number' ? String(Number(value.toPrecision(6))) : String(value);
}

export type NumberName = {
  [K in keyof Options]-?: NonNullable<Options[K]> extends number ? K : never;
}[keyof Options];

/** A number; emptied, the preset's default holds. Fixed ones cannot change during a run. */
export function Num({ name, label, live = false }: { name: NumberName; label: TextKey; live?: boolean }) {
  return (
    <NumberField
      label={t(label)}
      value={settings.value.options[name]}
      placeholder={resolvedValue(name)}
      disabled={!live && busy.value}
      onChange={(value) => setOptions({ [name]: value })}
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

/** One of a few words. */
export function OneOf({ name, label, values, live = false }: OneOfProps) {
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
      onChange={(chosen) => setOptions({ [name]: chosen })}
    />
  );
}

/** A number, or the word that an empty field means. */
export function WordOrNumber({
  name,
  word,
  label,
}: {
  name: 'tileOverlap' | 'memory';
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
      onChange={(number) => setOptions({ [name]: number })}
    />
  );
}

interface LayersProps {
  readonly name: 'styleLayers' | 'contentLayers';
  readonly label: TextKey;
}

/** Layers with their weights, in one line. */
export function Layers({ name, label }: LayersProps) {
  const all = resolved.value;
  return (
    <label class="field">
      <span class="hint">{t(label)}</span>
      <input
        type="text"
        value={formatLayers(settings.value.options[name])}
        placeholder={formatLayers(all && 'options' in all ? all.options[name] : undefined)}
        onChange={(event) => setOptions({ [name]: parseLayers(event.currentTarget.value) })}
      />
    </label>
  );
}

const TILE_SIDE = 512;

/** Tiles where they are needed, never, or of a side of one's own. */
export function Tiles() {
  const { tile } = settings.value.options;
  const own = typeof tile === 'number';
  return (
    <>
      <Choice<'auto' | 'off' | 'own'>
        label={t('style.tile')}
        value={own ? 'own' : (tile ?? 'auto')}
        options={[
          ['auto', t('style.tile.auto')],
          ['off', t('style.tile.off')],
          ['own', t('style.tile.own')],
        ]}
        disabled={busy.value}
        onChange={(how) => setOptions({ tile: how === 'own' ? TILE_SIDE : how })}
      />
      {own && (
        <NumberField
          label={t('style.tileSide')}
          value={tile}
          disabled={busy.value}
          onChange={(side) => setOptions({ tile: side })}
        />
      )}
    </>
  );
}
