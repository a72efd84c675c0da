// The options that few people want.
import { gpu } from '../gpu.js';
import { t } from '../i18n.js';
import { Choice, FileButton } from '../parts/fields.js';
import { PictureSlot } from '../parts/picture-slot.js';
import { beginWith } from './choose.js';
import { useNet } from './control.js';
import { Layers, Num, OneOf, Tiles, WordOrNumber } from './option-fields.js';
import { busy, initImage, netFile, settings } from './state.js';

export function Advanced() {
  const { options, precision, net } = settings.value;
  const state = gpu.value;
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
            ['image', t('style.init.image')],
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
        <Tiles />
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
      {options.init === 'image' && (
        <PictureSlot
          label={t('style.initImage')}
          chosen={initImage.value}
          disabled={busy.value}
          onFile={beginWith}
          onRemove={() => beginWith(undefined)}
        />
      )}
      <Layers name="styleLayers" label="style.layers" />
      <Layers name="contentLayers" label="style.contentLayer" />
      <div class="stack tight">
        <span class="hint">
          {t('style.net')}:{' '}
          {net === 'vgg19-slim' ? t('style.netSlim') : t('style.netOwn', { net, name: netFile.value ?? net })}
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
