// Losses over the steps of a run.

/** Each series has one value per entry of `steps`; the loss is that of the picture before the step's update. */
export interface StyleTrace {
  readonly steps: number[];
  /** `total`, `content`, `style`, `tv`, `content:relu4_2`, `style:relu1_1`, … */
  readonly series: Record<string, number[]>;
  /** Step at which each scale began, with its size. */
  readonly scales: { readonly step: number; readonly width: number; readonly height: number }[];
}

/** A trace before the first step. */
export function emptyTrace(): StyleTrace {
  return { steps: [], series: {}, scales: [] };
}

/** Adds one reading to every series. */
export function addLosses(trace: StyleTrace, step: number, losses: Readonly<Record<string, number>>): void {
  trace.steps.push(step);
  for (const [name, value] of Object.entries(losses)) {
    // A series that starts late (a region that appears at a larger scale) is padded in front.
    trace.series[name] ??= new Array<number>(trace.steps.length - 1).fill(Number.NaN);
    trace.series[name].push(value);
  }
  for (const values of Object.values(trace.series))
    if (values.length < trace.steps.length) values.push(Number.NaN);
}
