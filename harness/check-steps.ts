// Runs an optimiser's cases: its steps on the GPU against the float64 twin's.
import { type Tensor, tensor } from '../src/base/tensor.js';
import type { Device } from '../src/gpu/device.js';
import { TensorStore } from '../src/gpu/store.js';
import { Program } from '../src/graph/program.js';
import { Tape } from '../src/graph/tape.js';
import { type BuiltSteps, buildSteps, type StepFamily } from './cases/step.js';
import { type Comparison, compare } from './check.js';

/** Names of the comparisons of one case: `adam:step:x:C=3;H=5;W=7`. */
export function stepNames(f: StepFamily, text: string): string[] {
  return buildSteps(f, text).compared.map((name) => `${f.name}:step:${name}:${text}`);
}

/** Runs one case, every slot poisoned before each step; the gradients are taken at the GPU's own x. */
export async function checkSteps(device: Device, f: StepFamily, text: string): Promise<Comparison[]> {
  const built = buildSteps(f, text);
  const expected = built.expected();
  const actual = await finalTensors(device, built);
  return built.compared.map((name, i) => {
    const { values, bound } = expected[name]!;
    return compare(`${f.name}:step:${name}:${text}`, actual[i]!, values, bound);
  });
}

async function finalTensors(device: Device, built: BuiltSteps): Promise<Float32Array[]> {
  const store = new TensorStore(device);
  try {
    const { x, gradient, optimizer, program } = await compileStep(store, built);
    try {
      let at = built.start;
      for (let t = 1; t <= built.steps; t++) {
        store.write(gradient, built.gradient(at, t));
        optimizer.beforeStep(program, t);
        program.runPoisoned();
        at = Float64Array.from(await store.read(x));
      }
      const tensors = new Map<string, Tensor>([...optimizer.state(), ['x', x]]);
      return await program.readAll(built.compared.map((name) => tensors.get(name)!));
    } finally {
      program.destroy();
    }
  } finally {
    store.destroy();
  }
}

/** One step of the case as a program, x at its start and the gradient at zero, all pinned in `store`. */
export async function compileStep(store: TensorStore, built: BuiltSteps, label = 'step') {
  const pinned = (name: string, values?: Float64Array) =>
    store.pin(tensor(name, built.shape, { lifetime: 'pinned' }), values);
  const x = pinned('x', built.start);
  const gradient = pinned('gradient');
  const optimizer = built.optimizer(store);
  const tape = new Tape(store.device.target);
  optimizer.record(tape, x, gradient);
  const program = await Program.compile(store, tape.dispatches, { label });
  return { x, gradient, optimizer, program };
}
