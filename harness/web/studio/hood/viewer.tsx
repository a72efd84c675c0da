// Feature maps and Gram matrix of a layer, for a picture of the user's.
import { useState } from 'preact/hooks';
import { vggTaps } from '../../../../src/nets/vgg.js';
import { studioWorker } from '../gpu.js';
import { t } from '../i18n.js';
import { ACCEPT } from '../parts/accept.js';
import { PixelCanvas } from '../parts/canvas.js';
import { Card } from '../parts/card.js';
import { DropZone } from '../parts/drop-zone.js';
import { Choice, FileButton, Slider } from '../parts/fields.js';
import type { Features } from './features-job.js';
import { TaskButtons, useTask } from './task.js';

const NET = 'vgg19-slim';
const SIZES = ['64', '128', '256', '512'] as const;

interface Shown extends Features {
  readonly layer: string;
}

export function Viewer() {
  const task = useTask();
  const [file, setFile] = useState<File>();
  const [layer, setLayer] = useState('relu3_1');
  const [size, setSize] = useState<(typeof SIZES)[number]>('256');
  const [shown, setShown] = useState<Shown>();
  const [channel, setChannel] = useState(0);
  const look = async (picture: File | undefined, of = layer, side = size) => {
    if (!picture) return;
    const params = { net: NET, picture, name: picture.name, size: Number(side), layer: of };
    const features = await task.follow(() => studioWorker().start('hoodFeatures', params));
    if (!features) return;
    setShown({ ...features, layer: of });
    setChannel((before) => Math.min(before, features.channels - 1));
  };
  const take = ([picture]: File[]) => {
    setFile(picture);
    void look(picture);
  };
  return (
    <Card title={t('hood.view')}>
      <p class="hint">{t('hood.viewHint')}</p>
      <DropZone name="viewer" onFiles={take}>
        <div class="drop">
          <span>{file?.name ?? t('hood.viewDrop')}</span>
          <FileButton label={t('hood.viewChoose')} accept={ACCEPT} onFiles={take} />
        </div>
      </DropZone>
      <div class="fields">
        <Choice
          label={t('hood.layer')}
          value={layer}
          options={vggTaps(NET).map((name) => [name, name])}
          onChange={(name) => {
            setLayer(name);
            void look(file, name);
          }}
        />
        <Choice
          label={t('hood.size')}
          value={size}
          options={SIZES.map((side) => [side, `${side} px`])}
          onChange={(side) => {
            setSize(side);
            void look(file, layer, side);
          }}
        />
      </div>
      {file && <TaskButtons task={task} name="view" label={t('gpu.again')} onStart={() => void look(file)} />}
      {shown && <Layer shown={shown} channel={channel} onChannel={setChannel} />}
    </Card>
  );
}

interface LayerProps {
  readonly shown: Shown;
  readonly channel: number;
  onChannel(channel: number): void;
}

function Layer({ shown, channel, onChannel }: LayerProps) {
  const { layer, channels, width, height, columns, maps, gram, largest, gramLargest } = shown;
  const part = [(channel % columns) * width, Math.floor(channel / columns) * height, width, height] as const;
  const mapsLabel = t('hood.maps', { channels, width, height, layer });
  const gramLabel = t('hood.gram', { layer, channels, value: gramLargest.toPrecision(3) });
  const oneLabel = t('hood.channelLargest', { channel, value: largest[channel]!.toPrecision(4) });
  const choose = (event: MouseEvent) => {
    const { left, top, width: w, height: h } = (event.target as Element).getBoundingClientRect();
    const column = Math.floor(((event.clientX - left) / w) * columns);
    const row = Math.floor(((event.clientY - top) / h) * Math.ceil(channels / columns));
    onChannel(Math.min(channels - 1, Math.max(0, row * columns + column)));
  };
  return (
    <div class="viewer" data-layer={layer}>
      <figure>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the slider does the same by keyboard */}
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: the slider does the same by keyboard */}
        <div class="maps" onClick={choose}>
          <PixelCanvas pixels={maps} label={mapsLabel} class="sheet" />
        </div>
        <figcaption class="hint">{mapsLabel}</figcaption>
      </figure>
      <div class="stack">
        <figure>
          <PixelCanvas pixels={maps} part={part} label={oneLabel} class="sheet" />
          <figcaption class="hint">{oneLabel}</figcaption>
        </figure>
        <Slider
          label={t('hood.channel')}
          value={channel}
          min={0}
          max={channels - 1}
          step={1}
          onInput={onChannel}
        />
        <figure>
          <PixelCanvas pixels={gram} label={gramLabel} class="sheet" />
          <figcaption class="hint">{gramLabel}</figcaption>
        </figure>
      </div>
    </div>
  );
}
