// Compiled lists that are run again and again on new inputs.
import type { Tensor } from '../base/tensor.js';
import type { TensorStore } from '../gpu/store.js';
import { Program } from '../graph/program.js';
import { Tape } from '../graph/tape.js';

/** What a stage records: its inputs, pinned and written before each run, and its result. */
export interface Recorded {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly output: Tensor;
}

interface Compiled extends Recorded {
  readonly program: Program;
}

/** Owns programs by key, and their inputs. The least lately used one goes when there are more than `most`. */
export class Stages {
  private readonly compiled = new Map<string, Promise<Compiled>>();

  constructor(
    private readonly store: TensorStore,
    private readonly most = 12,
  ) {}

  /** Runs the stage `key` on `values`, by input name; `record` makes it where it is not there yet. */
  async run(
    key: string,
    record: (tape: Tape) => Recorded,
    values: Readonly<Record<string, ArrayLike<number>>>,
  ): Promise<Float32Array> {
    let pending = this.compiled.get(key);
    // Last used, last out.
    this.compiled.delete(key);
    pending ??= this.compile(key, record);
    this.compiled.set(key, pending);
    const stage = await pending.catch((error: unknown) => {
      this.compiled.delete(key);
      throw error;
    });
    await this.trim();
    for (const [name, data] of Object.entries(values)) this.store.write(stage.inputs[name]!, data);
    stage.program.run();
    return stage.program.read(stage.output);
  }

  private async compile(key: string, record: (tape: Tape) => Recorded): Promise<Compiled> {
    const tape = new Tape(this.store.device.target);
    const recorded = record(tape);
    for (const input of Object.values(recorded.inputs)) this.store.pin(input);
    try {
      const options = { label: key, keep: [recorded.output] };
      return { ...recorded, program: await Program.compile(this.store, tape.dispatches, options) };
    } catch (error) {
      for (const input of Object.values(recorded.inputs)) this.store.release(input);
      throw error;
    }
  }

  private async trim(): Promise<void> {
    for (const [key, pending] of this.compiled) {
      if (this.compiled.size <= this.most) return;
      this.compiled.delete(key);
      this.release(await pending);
    }
  }

  private release({ program, inputs }: Compiled): void {
    program.destroy();
    for (const input of Object.values(inputs)) this.store.release(input);
  }

  async destroy(): Promise<void> {
    for (const pending of this.compiled.values()) this.release(await pending);
    this.compiled.clear();
  }
}
