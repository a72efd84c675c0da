// A net that learns to tell ten made-up people apart: triplets, batch by batch, and a checkpoint to go on from.
import { Device, l2Normalize, linear, relu, TensorStore } from 'facet';
import { nodePlatform } from 'facet/node';
import { recordTriplets, TRIPLET_COUNTS, TrainableWeights, Trainer, tripletFacts } from 'facet/training';

const [PEOPLE, SHOTS, INPUTS, HIDDEN, OUTPUTS] = [10, 4, 32, 32, 8];

// What the "camera" gives: half of the numbers are the person's own, noise and all; the other half is noise alone.
let state = 1;
const uniform = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 31 - 1;
};
const people = Array.from({ length: PEOPLE }, () => Array.from({ length: INPUTS / 2 }, uniform));
function batch() {
  const labels = Array.from({ length: PEOPLE * SHOTS }, (_, i) => Math.floor(i / SHOTS));
  const x = labels.flatMap((who) =>
    Array.from({ length: INPUTS }, (_, d) => (people[who][d] ?? uniform()) + uniform() / 2),
  );
  return { x, labels };
}

const specs = [
  { name: 'hidden.weight', shape: [HIDDEN, INPUTS], init: { kind: 'he-uniform' } },
  { name: 'hidden.bias', shape: [HIDDEN], init: { kind: 'constant', value: 0 } },
  { name: 'out.weight', shape: [OUTPUTS, HIDDEN], init: { kind: 'glorot-uniform' } },
  { name: 'out.bias', shape: [OUTPUTS], init: { kind: 'constant', value: 0 } },
];

const platform = nodePlatform();
const device = await Device.open(platform);
const store = new TensorStore(device);
const weights = new TrainableWeights(store, specs, 1);
const trainer = await Trainer.create(
  store,
  weights,
  ({ tape, weights, inputs }) => {
    const layer = (name, x) =>
      tape.record(
        linear,
        name,
        { x, weight: weights.get(`${name}.weight`), bias: weights.get(`${name}.bias`) },
        {},
      );
    const hidden = tape.record(relu, 'relu', { x: layer('hidden', inputs.x) }, {});
    const embeddings = tape.record(l2Normalize, 'embedding', { x: layer('out', hidden) }, {});
    const triplets = recordTriplets(
      tape,
      'triplets',
      { embeddings, labels: inputs.labels },
      { margin: 0.2, mine: 'in-margin', mean: 'valid' },
    );
    return {
      loss: triplets.loss,
      metrics: { [TRIPLET_COUNTS]: triplets.counts },
      beforeBatch: (program, { seed }) => triplets.reseed(program, seed),
    };
  },
  {
    inputs: { x: [PEOPLE * SHOTS, INPUTS], labels: [PEOPLE * SHOTS] },
    schedule: { kind: 'cosine', rate: 0.02, steps: 100, warmup: 5 },
    seed: 1,
  },
);
for (let step = 1; step <= 100; step++) {
  await trainer.step(batch());
  if (step % 20 !== 1 && step !== 100) continue;
  const { loss, metrics, alarms } = await trainer.report();
  const { mined, violated } = tripletFacts(metrics[TRIPLET_COUNTS]);
  const wrong = Math.round(mined * violated);
  console.log(
    `step ${step}: loss ${loss.toFixed(3)}; ${mined} triplets within the margin, ${wrong} the wrong way round`,
  );
  for (const { message, advice } of alarms) console.warn(message, advice);
}
const bytes = await trainer.checkpoint(); // restore() goes on from it, to the same bits
console.log(`a checkpoint of ${bytes.length} bytes`);
trainer.destroy();
weights.destroy();
store.destroy();
device.destroy();
platform.dispose();
