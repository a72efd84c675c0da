// What a user's program may look like; exports.test.ts holds it against the declaration files.
import { Device, type Platform, Program, Tape, TensorStore, tensor } from 'facet';
import { FacePipeline, faceChips, findFaces, type Verification, verify } from 'facet/faces';
import { findWeights, loadFaceModels, nodePlatform, readPicture } from 'facet/node';
import { type StylizeResult, stylize } from 'facet/style';
import { recordTriplets, TrainableWeights, Trainer } from 'facet/training';
import { startWorker } from 'facet/web';

const platform: Platform = nodePlatform();
const device = await Device.open(platform);
const store = new TensorStore(device);
const x = store.pin(tensor('x', [1, 3, 4, 4], { lifetime: 'pinned' }));
const tape = new Tape(device.target);
const program = await Program.compile(store, tape.dispatches);
const values: Float32Array = await program.read(x);
const result: StylizeResult = await stylize({
  device,
  weights: await findWeights('vgg19-slim'),
  content: await readPicture('a.png'),
  style: await readPicture('b.png'),
});
const models = await loadFaceModels();
const pipeline = new FacePipeline(device, models.pipeline);
const picture = await readPicture('c.png');
const { faces } = await findFaces(pipeline, picture, { policy: 'largest' });
const chips = await faceChips(pipeline, picture, faces, models.pipeline.embedder.template);
const [vector] = await pipeline.embed(chips);
const answer: Verification = verify(vector!, vector!, models.pipeline.embedder.threshold);
// @ts-expect-error a picture has no such property: the types are not any
result.image.depth;
const weights = new TrainableWeights(
  store,
  [{ name: 'w', shape: [8, 16], init: { kind: 'glorot-uniform' } }],
  1,
);
const trainer = await Trainer.create(
  store,
  weights,
  ({ tape, weights, inputs }) => ({
    loss: recordTriplets(
      tape,
      'triplets',
      { embeddings: weights.get('w'), labels: inputs.labels! },
      { margin: 0.2, mine: 'semi-hard', mean: 'active' },
    ).loss,
  }),
  { inputs: { labels: [8] }, schedule: { kind: 'constant', rate: 0.01 }, seed: 1 },
);
const alarms: string[] = (await trainer.report()).alarms.map(({ advice }) => advice);
const worker = startWorker({ weights: './weights/' });
const job = worker.start(
  'stylize',
  { content: { file: new Blob(), name: 'a.png' }, styles: [{ file: new Blob(), name: 'b.png', share: 1 }] },
  (event) => event.type === 'step' && event.losses?.total,
);
job.tell({ type: 'pause' });
const steps: number = (await job.result).steps;
// @ts-expect-error there is no such job
worker.call('dance', {});

export { alarms, answer, steps, values };
