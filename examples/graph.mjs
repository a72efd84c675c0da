// The floors below: ops on a tape, gradients, an optimiser, one program replayed.
import { Adam, conv2d, Device, Program, squaredError, Tape, TensorStore, tensor } from 'facet';
import { nodePlatform } from 'facet/node';

const platform = nodePlatform();
const device = await Device.open(platform);
const store = new TensorStore(device);
const x = store.pin(tensor('x', [1, 1, 8, 8], { lifetime: 'pinned' }), new Float32Array(64).fill(0.2));
const blur = tensor('blur', [1, 1, 3, 3], { layout: 'filter', constant: true });
const weight = store.pin(blur, new Float32Array(9).fill(1 / 9));
const target = store.pin(tensor('target', [1, 1, 8, 8], { constant: true }), new Float32Array(64).fill(0.5));
const tape = new Tape(device.target);
const y = tape.record(conv2d, 'blurred', { x, weight }, { stride: 1, pad: 1 });
const loss = tape.record(squaredError, 'loss', { x: y, target }, { scale: 1 / 64 });
const adam = new Adam(store, { learningRate: 0.05 });
adam.record(tape, x, tape.backward(loss, [x]).get(x)); // the picture whose blur is flat
const program = await Program.compile(store, tape.dispatches, { keep: [loss] });
for (let step = 1; step <= 100; step++) {
  adam.beforeStep(program, step);
  program.run();
}
console.log('loss', (await program.read(loss))[0]);
store.destroy();
device.destroy();
platform.dispose();
