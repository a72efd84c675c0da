// Nets: features and Gram matrices of any layer.
import { Device, gram, Net, Program, Tape, TensorStore, tensor, toPlanar } from 'facet';
import { findWeights, nodePlatform, paintStyle } from 'facet/node';

const platform = nodePlatform();
const device = await Device.open(platform);
const store = new TensorStore(device);
const net = new Net(store, await findWeights('vgg19-slim'), ['relu3_1']);
const picture = paintStyle('brushstrokes', { width: 64, height: 64, seed: 3 });
const image = store.pin(tensor('image', [1, 3, 64, 64], { lifetime: 'pinned' }), toPlanar(picture));
const tape = new Tape(device.target);
const x = net.forward(tape, image, ['relu3_1'], { pooling: 'max', padding: 'zero' }).get('relu3_1');
const g = tape.record(gram, 'gram3_1', { x }, { scale: 1 / (16 * 16) });
const program = await Program.compile(store, tape.dispatches, { keep: [x, g] });
program.run();
console.log(x.shape, 'features; Gram diagonal starts', (await program.read(g)).slice(0, 1));
store.destroy();
device.destroy();
platform.dispose();
