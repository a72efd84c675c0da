// The people of a collection, and files of them in and out.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { t } from '../i18n.js';
import { Card } from '../parts/card.js';
import { Choice, FileButton } from '../parts/fields.js';
import { useReturnedFocus } from '../parts/focus.js';
import { Question } from '../parts/question.js';
import { TextField } from '../parts/text-field.js';
import {
  changeGallery,
  chooseCollection,
  createCollection,
  exportGallery,
  importGallery,
} from './control.js';
import type { Change, ShownSample } from './gallery-jobs.js';
import { collection, held, news } from './state.js';

/** What is to be confirmed. */
interface Asked {
  readonly text: string;
  readonly yes: string;
  readonly change: Change;
}

export function Gallery() {
  const [asked, ask] = useState<Asked>();
  const now = held.value;
  const people = now?.people ?? [];
  const name = collection.value;
  const names = [...new Set([name, ...(now?.collections ?? []).map((one) => one.name)])];
  const known = now?.collections.find((one) => one.name === name);
  return (
    <Card title={t('faces.gallery')}>
      <Choice
        label={t('faces.collection')}
        value={name}
        options={names.map((one) => [one, one])}
        onChange={(next) => void chooseCollection(next)}
      />
      {known && (
        <span class="hint" data-samples={known.samples}>
          {t('faces.counts', { people: known.people, samples: known.samples })}
        </span>
      )}
      {asked && (
        <Question
          key={asked.text}
          text={asked.text}
          yes={asked.yes}
          onYes={() => {
            ask(undefined);
            void changeGallery(asked.change);
          }}
          onNo={() => ask(undefined)}
        />
      )}
      {people.length > 0 && (
        <ul class="people">
          {people.map((person) => (
            <Person
              key={person.name}
              name={person.name}
              samples={(now?.samples ?? []).filter((sample) => sample.person === person.name)}
              known={people.map((one) => one.name)}
              ask={ask}
            />
          ))}
        </ul>
      )}
      <p class="hint" role="status">
        {news.value()}
      </p>
      <Files enabled={known !== undefined} />
      <NewCollection />
      {known && (
        <button
          type="button"
          class="quiet"
          onClick={() =>
            ask({
              text: `${t('faces.removeCollection')}: ${name}. ${t('faces.sure.remove')}`,
              yes: t('faces.yes'),
              change: { kind: 'removeCollection' },
            })
          }
        >
          {t('faces.removeCollection')}
        </button>
      )}
    </Card>
  );
}

interface PersonProps {
  readonly name: string;
  readonly samples: readonly ShownSample[];
  readonly known: readonly string[];
  ask(asked: Asked): void;
}

function Person({ name, samples, known, ask }: PersonProps) {
  const [renaming, setRenaming] = useState(false);
  const rename = (to: string) => {
    setRenaming(false);
    const change = { kind: 'rename', from: name, to, merge: true } as const;
    if (to !== name && known.includes(to))
      ask({ text: t('faces.merge', { person: to }), yes: t('faces.mergeYes'), change });
    else void changeGallery({ ...change, merge: false });
  };
  return (
    <li class="person">
      <div class="row spread">
        <strong>{name}</strong>
        <span class="row">
          <button
            type="button"
            class="quiet icon"
            aria-label={t('faces.rename', { person: name })}
            aria-expanded={renaming}
            onClick={() => setRenaming(!renaming)}
          >
            ✎
          </button>
          <button
            type="button"
            class="quiet icon"
            aria-label={t('faces.remove', { person: name })}
            onClick={() =>
              ask({
                text: `${t('faces.remove', { person: name })}. ${t('faces.sure.remove')}`,
                yes: t('faces.yes'),
                change: { kind: 'removePerson', person: name },
              })
            }
          >
            ✕
          </button>
        </span>
      </div>
      {renaming && <Rename name={name} onName={rename} onLeave={() => setRenaming(false)} />}
      <ul class="crops">
        {samples.map((sample) => (
          <li key={sample.id}>
            <Crop sample={sample} />
            <button
              type="button"
              class="quiet icon"
              aria-label={t('faces.removeSample', { person: name })}
              title={sample.source}
              onClick={() =>
                ask({
                  text: `${sample.source}: ${t('faces.sure.remove')}`,
                  yes: t('faces.yes'),
                  change: { kind: 'removeSample', id: sample.id },
                })
              }
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
    </li>
  );
}

interface RenameProps {
  readonly name: string;
  onName(to: string): void;
  onLeave(): void;
}

function Rename({ name, onName, onLeave }: RenameProps) {
  const [to, setTo] = useState(name);
  const place = useReturnedFocus<HTMLFormElement>({ take: true });
  return (
    <form
      ref={place}
      class="face-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (to.trim() !== '') onName(to.trim());
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onLeave();
      }}
    >
      <TextField label={t('faces.newName', { person: name })} value={to} onInput={setTo} />
      <button type="submit" disabled={to.trim() === ''}>
        {t('faces.save')}
      </button>
    </form>
  );
}

/** The kept crop, or the name of the file where none was kept. */
export function Crop({ sample: { crop, source } }: { readonly sample: ShownSample }) {
  const url = useMemo(
    () => crop && URL.createObjectURL(new Blob([crop as Uint8Array<ArrayBuffer>], { type: 'image/png' })),
    [crop],
  );
  useEffect(() => () => URL.revokeObjectURL(url ?? ''), [url]);
  return url ? (
    <img class="chip" src={url} alt={source} width={56} height={56} />
  ) : (
    <span class="file-name">{source}</span>
  );
}

function Files({ enabled }: { readonly enabled: boolean }) {
  const [passphrase, setPassphrase] = useState('');
  const given = passphrase === '' ? undefined : passphrase;
  return (
    <div class="stack">
      <TextField
        label={t('faces.passphrase')}
        hint={t('faces.passphraseHint')}
        value={passphrase}
        secret
        onInput={setPassphrase}
      />
      <div class="row">
        <button type="button" disabled={!enabled} onClick={() => void exportGallery(undefined)}>
          {t('faces.export')}
        </button>
        <button
          type="button"
          disabled={!enabled || given === undefined}
          onClick={() => void exportGallery(given)}
        >
          {t('faces.exportSealed')}
        </button>
        <FileButton
          label={t('faces.import')}
          accept=".jsonl,.facet-sealed,application/jsonl"
          onFiles={([file]) => void importGallery(file!, given)}
        />
      </div>
    </div>
  );
}

function NewCollection() {
  const [name, setName] = useState('');
  return (
    <form
      class="face-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== '') void createCollection(name).then(() => setName(''));
      }}
    >
      <TextField label={t('faces.newCollection')} value={name} onInput={setName} />
      <button type="submit" disabled={name.trim() === ''}>
        {t('faces.create')}
      </button>
    </form>
  );
}
