import { nchw } from '../base/shape.js';
import { centredDispatches } from './channel-mean.js';
import { channelsOfOne, gram, gramBackwardDispatches, gramCost, gramTunables } from './gram.js';
import { ntReduceDispatches } from './nt-reduce.js';
import type { OpSpec } from './op.js';

/**
 * y [C,C] = (F - mean)(F - mean)^T / (H*W), with F = x [1,C,H,W] as [C,H*W]: the channels are centred first,
 * because the difference of second moment and squared mean would cancel where means are large.
 */
export const covariance: OpSpec<Record<string, never>> = {
  name: 'covariance',
  inputs: ['x'],
  saves: ['x'],
  output(shapes, _attrs, where) {
    const c = channelsOfOne(`covariance at ${where}`, shapes.x!);
    return { shape: [c, c], layout: 'flat' };
  },
  forward(t, _attrs, ctx) {
    const label = `covariance:forward at ${ctx.where}`;
    const { centred, dispatches } = centredDispatches(label, ctx, t.x!);
    return [
      ...dispatches,
      ...ntReduceDispatches(label, ctx, { a: centred, y: t.y! }, 1 / pixels(label, t.x!.shape)),
    ];
  },
  finishes: { x: ['add', 'mask'] },
  backward: {
    // With J the centring projection the gradient is S (F J) J, and J J = J: rows of the centred F already
    // sum to zero, so the product needs no second centring.
    x(t, _attrs, ctx) {
      const label = `covariance:backward:x at ${ctx.where}`;
      const { centred, dispatches } = centredDispatches(label, ctx, t.x!);
      const scale = 1 / pixels(label, t.x!.shape);
      return [...dispatches, ...gramBackwardDispatches(label, ctx, t, centred, scale)];
    },
  },
  tunables: gramTunables,
  // Absolutes have a mean, which centring takes out of them: their covariance is a quarter of that of values of both
  // signs. Their second moment is no smaller than any covariance.
  magnitude: ({ x }) => ({ op: gram as OpSpec<unknown>, attrs: { scale: 1 / pixels('covariance', x!) } }),
  cost: gramCost,
};

function pixels(label: string, shape: readonly number[]): number {
  const [, , h, w] = nchw(label, shape);
  return h * w;
}
