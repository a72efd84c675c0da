// The shown picture with boxes, names and landmarks, and its faces beside their aligned crops.
import { useState } from 'preact/hooks';
import { t } from '../i18n.js';
import { PixelCanvas } from '../parts/canvas.js';
import { Card } from '../parts/card.js';
import { Fault } from '../parts/fault.js';
import { TextField } from '../parts/text-field.js';
import { enroll } from './control.js';
import type { Identified, SeenFace } from './find-job.js';
import { type FacePicture, held, settings, shown } from './state.js';

export function Stage() {
  const picture = shown.value;
  return (
    <Card title={t('faces.list')} class="second" aside={picture?.seen && <Count picture={picture} />}>
      {picture ? (
        <Picture picture={picture} />
      ) : (
        <div class="stage">
          <p class="stage-empty">{t('faces.empty')}</p>
        </div>
      )}
      {picture?.error !== undefined && (
        <div class="bad" role="alert">
          <Fault error={picture.error} />
        </div>
      )}
      {picture?.seen?.faces.length === 0 && <p class="hint">{t('faces.foundNone')}</p>}
      {picture?.seen && picture.seen.faces.length > 0 && (
        <ul class="face-list">
          {picture.seen.faces.map((face, i) => (
            <Face key={`${picture.id}:${face.cropHash}`} face={face} n={i + 1} source={picture.name} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function Count({ picture: { seen } }: { readonly picture: FacePicture }) {
  return (
    <span class="hint" role="status" data-found={seen!.faces.length}>
      {t('faces.found', { count: seen!.faces.length, ms: seen!.milliseconds.toFixed(0) })}
    </span>
  );
}

function Picture({ picture: { url, name, seen } }: { readonly picture: FacePicture }) {
  const faces = seen?.faces ?? [];
  const size = Math.max(seen?.width ?? 1, seen?.height ?? 1);
  const line = size / 260;
  return (
    <div class="face-picture">
      <img src={url} alt={name} />
      {seen && (
        <svg
          viewBox={`0 0 ${seen.width} ${seen.height}`}
          role="img"
          aria-label={t('faces.overlay', { count: faces.length, name })}
        >
          {faces.map(({ box, landmarks, identified }, i) => (
            <g key={`${box.x} ${box.y}`} class={identified.person === null ? 'unknown' : 'known'}>
              <rect x={box.x} y={box.y} width={box.width} height={box.height} stroke-width={line} />
              {settings.value.landmarks &&
                landmarks.map(({ x, y }, at) => <circle key={`${at}`} cx={x} cy={y} r={line} />)}
              <text x={box.x + line} y={box.y - 2 * line} font-size={9 * line} stroke-width={line}>
                {`${i + 1} ${identified.person ?? t('faces.unknown')}`}
              </text>
            </g>
          ))}
        </svg>
      )}
    </div>
  );
}

interface FaceProps {
  readonly face: SeenFace;
  readonly n: number;
  readonly source: string;
}

function Face({ face, n, source }: FaceProps) {
  const [name, setName] = useState('');
  const { chip, facts, identified, doubts } = face;
  return (
    <li class="face">
      <PixelCanvas pixels={chip} class="chip" label={t('faces.face', { n })} />
      <div class="stack tight">
        <strong>{`${n} · ${identified.person ?? t('faces.unknown')}`}</strong>
        <span class="hint">{described(identified)}</span>
        <span class="hint">
          {t('faces.score', {
            score: Number(facts.score).toFixed(2),
            eyes: Number(facts.eyeDistance).toFixed(0),
            yaw: Number(facts.yaw).toFixed(0),
          })}
        </span>
        {doubts.map((doubt) => (
          <span key={doubt.rule} class="hint warn">
            {t(`faces.doubt.${doubt.rule}`, { value: rounded(doubt.value), limit: doubt.limit })}
          </span>
        ))}
      </div>
      <form
        class="face-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== '') void enroll(face, name, source).then(() => setName(''));
        }}
      >
        <TextField
          label={t('faces.name')}
          value={name}
          offers={held.value?.people.map((person) => person.name) ?? []}
          onInput={setName}
        />
        <button type="submit" disabled={name.trim() === ''}>
          {t('faces.enroll')}
        </button>
      </form>
    </li>
  );
}

/** Three digits say enough. */
const rounded = (value: number) => Number(value.toPrecision(3));

function described({ candidates, taken }: Identified): string {
  const [nearest] = candidates;
  if (!nearest) return t('faces.nobody');
  const { person, distance, probability } = nearest;
  return [
    t('faces.nearest', { person, distance: distance.toFixed(3) }),
    ...(probability === null ? [] : [t('faces.sure', { percent: (100 * probability).toFixed(0) })]),
    ...(taken ? [t('faces.taken')] : []),
  ].join(', ');
}
