// CPU twin of L-BFGS, in float64: the textbook's two loops over vectors, and the GPU's over coefficients.

/** A pair of the history: the step taken and the change of the gradient. */
interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
}

/** What the algorithm leaves open, and two switches for tests. */
export interface LbfgsReferenceOptions {
  readonly history: number;
  readonly learningRate: number;
  readonly clamp?: readonly [number, number];
  /** `vectors`: two loops over vectors (Nocedal 1980); `coefficients`: over inner products (Chen, Wang, Zhou 2014). */
  readonly form: 'vectors' | 'coefficients';
  /** Relative error put into every stored element and every product of a sum; tests pass float32's. */
  readonly noise?: () => number;
}

const LEAST_CURVATURE = 1e-10;

/** L-BFGS without a line search; `step` takes x and the gradient there and returns the next x. */
export class LbfgsReference {
  private pairs: Pair[] = [];
  private previous: { x: Float64Array; g: Float64Array } | undefined;
  private h0 = 1;

  constructor(private readonly options: LbfgsReferenceOptions) {}

  step(x: Float64Array, g: Float64Array): Float64Array {
    const { history, learningRate, clamp, form } = this.options;
    const { previous } = this;
    if (previous) {
      const s = this.rounded(x.map((value, i) => value - previous.x[i]!));
      const y = this.rounded(g.map((value, i) => value - previous.g[i]!));
      const curvature = this.dot(s, y);
      if (curvature > LEAST_CURVATURE) {
        this.pairs = [...this.pairs, { s, y }].slice(-history);
        this.h0 = curvature / this.dot(y, y);
      }
    }
    const direction = form === 'vectors' ? this.byVectors(g) : this.byCoefficients(g);
    const length = g.reduce((sum, value) => sum + Math.abs(value), 0);
    const t = previous ? learningRate : Math.min(1, 1 / length) * learningRate;
    this.previous = { x, g };
    const moved = this.rounded(x.map((value, i) => value + t * direction[i]!));
    return clamp ? moved.map((value) => Math.min(clamp[1], Math.max(clamp[0], value))) : moved;
  }

  private byVectors(g: Float64Array): Float64Array {
    const alphas: number[] = [];
    let q = g.map((value) => -value);
    for (const { s, y } of [...this.pairs].reverse()) {
      const alpha = this.dot(s, q) / this.dot(s, y);
      alphas.unshift(alpha);
      q = q.map((value, i) => value - alpha * y[i]!);
    }
    let r = q.map((value) => this.h0 * value);
    for (const [k, { s, y }] of this.pairs.entries()) {
      const beta = this.dot(y, r) / this.dot(s, y);
      r = r.map((value, i) => value + (alphas[k]! - beta) * s[i]!);
    }
    return r;
  }

  private byCoefficients(g: Float64Array): Float64Array {
    const { pairs, h0 } = this;
    const n = pairs.length;
    const table = (f: (a: Pair, b: Pair) => number) => pairs.map((a) => pairs.map((b) => f(a, b)));
    const sy = table((a, b) => this.dot(a.s, b.y));
    const yy = table((a, b) => this.dot(a.y, b.y));
    const gs = pairs.map(({ s }) => this.dot(g, s));
    const gy = pairs.map(({ y }) => this.dot(g, y));
    const cs = new Float64Array(n);
    const cy = new Float64Array(n);
    for (let i = n - 1; i >= 0; i--) {
      let product = -gs[i]!;
      for (let k = n - 1; k > i; k--) product += this.rough(cy[k]! * sy[i]![k]!);
      cy[i] = this.rough(-product / sy[i]![i]!);
    }
    const alphas = cy.map((value) => -value);
    for (let i = 0; i < n; i++) cy[i]! *= h0;
    for (let i = 0; i < n; i++) {
      let product = -h0 * gy[i]!;
      for (let k = 0; k < n; k++) product += this.rough(cy[k]! * yy[i]![k]!);
      for (let k = 0; k < i; k++) product += this.rough(cs[k]! * sy[k]![i]!);
      cs[i] = this.rough(alphas[i]! - product / sy[i]![i]!);
    }
    return g.map((value, at) => {
      let sum = this.rough(-h0 * value);
      for (const [i, { s, y }] of pairs.entries())
        sum += this.rough(cs[i]! * s[at]!) + this.rough(cy[i]! * y[at]!);
      return sum;
    });
  }

  private dot(a: Float64Array, b: Float64Array): number {
    return a.reduce((sum, value, i) => sum + this.rough(value * b[i]!), 0);
  }

  private rough(value: number): number {
    return this.options.noise ? value * (1 + this.options.noise()) : value;
  }

  private rounded(values: Float64Array): Float64Array {
    return this.options.noise ? values.map((value) => this.rough(value)) : values;
  }
}
