import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { estimatePose } from '../../src/faces/pose.js';
import { headLandmarks } from './heads.js';

const ANGLES = [-50, -30, -10, 0, 15, 40];

describe('pose', () => {
  it('signs: a nose to the right of the eyes is turned right, one nearer to them looks up, a right eye below is tilted clockwise', () => {
    const straight = headLandmarks();
    const moved = (landmarks: number[], dx: number, dy: number) =>
      straight.map((p, i) => (landmarks.includes(i) ? { x: p.x + dx, y: p.y + dy } : p));
    const nose = [27, 28, 29, 30, 31, 32, 33, 34, 35];
    expect(estimatePose(moved(nose, 6, 0)).yaw).toBeGreaterThan(5);
    expect(estimatePose(moved(nose, 0, -8)).pitch).toBeGreaterThan(5);
    expect(estimatePose(moved([42, 45], 0, 8)).roll).toBeGreaterThan(3);
  });

  it('the angles of a projected head come back, whatever its size and place', () => {
    for (const yaw of ANGLES) {
      for (const pitch of [-30, -10, 0, 20]) {
        for (const roll of [-120, -20, 0, 35]) {
          const pose = estimatePose(
            headLandmarks({ yaw, pitch, roll, scale: 37, centre: { x: 900, y: -40 } }),
          );
          expect(Math.abs(pose.yaw - yaw), `yaw ${yaw} pitch ${pitch} roll ${roll}`).toBeLessThan(0.05);
          expect(Math.abs(pose.pitch - pitch)).toBeLessThan(0.05);
          expect(Math.abs(pose.roll - roll)).toBeLessThan(0.05);
          expect(pose.residual).toBeLessThan(1e-4);
        }
      }
    }
  });

  it('landmarks off by up to a fortieth of the eye distance cost a few degrees', () => {
    let worst = 0;
    for (let seed = 0; seed < 100; seed++) {
      const yaw = ANGLES[seed % ANGLES.length]!;
      const pose = estimatePose(headLandmarks({ yaw, pitch: 5, roll: -7, scale: 60, noise: 1.5, seed }));
      worst = Math.max(worst, Math.abs(pose.yaw - yaw), Math.abs(pose.pitch - 5), Math.abs(pose.roll + 7));
    }
    expect(worst).toBeGreaterThan(0.5);
    expect(worst).toBeLessThan(8);
  });

  it('a camera at 60 cm instead of parallel rays costs a few degrees', () => {
    // 60 cm are 6.7 distances of 89 mm.
    for (const yaw of [-30, 0, 30]) {
      const pose = estimatePose(headLandmarks({ yaw, distance: 6.7 }));
      expect(Math.abs(pose.yaw - yaw)).toBeLessThan(4);
      expect(Math.abs(pose.pitch)).toBeLessThan(4);
    }
  });

  it('a mirrored face has the opposite yaw and roll', () => {
    const face = headLandmarks({ yaw: 23, pitch: -8, roll: 11 });
    const swap = new Map([
      [31, 35],
      [32, 34],
      [36, 45],
      [39, 42],
    ]);
    const mirrored = [...face];
    for (const [a, b] of swap) [mirrored[a], mirrored[b]] = [face[b]!, face[a]!];
    const [pose, other] = [estimatePose(face), estimatePose(mirrored.map(({ x, y }) => ({ x: -x, y })))];
    expect(other.yaw).toBeCloseTo(-pose.yaw, 3);
    expect(other.roll).toBeCloseTo(-pose.roll, 3);
    expect(other.pitch).toBeCloseTo(pose.pitch, 3);
  });
});

const landmarks = resolve(process.env.FACET_SHARED ?? '../shared', 'lfw-eval', 'landmarks68.csv');

describe.skipIf(!existsSync(landmarks))('poses of press photographs', () => {
  it('are upright and look into the camera on average', () => {
    const poses = readFileSync(join(landmarks), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .filter((_, i) => i % 4 === 0)
      .map((line) => {
        const v = line.split(',').slice(1).map(Number);
        return estimatePose(Array.from({ length: 68 }, (_, i) => ({ x: v[2 * i]!, y: v[2 * i + 1]! })));
      });
    const quantile = (key: 'yaw' | 'pitch' | 'roll', q: number) =>
      poses.map((p) => p[key]).sort((a, b) => a - b)[Math.floor(q * (poses.length - 1))]!;
    for (const key of ['yaw', 'pitch', 'roll'] as const) {
      console.log(key, [0.01, 0.1, 0.5, 0.9, 0.99].map((q) => quantile(key, q).toFixed(1)).join(' '));
    }
    for (const key of ['yaw', 'pitch', 'roll'] as const) expect(Math.abs(quantile(key, 0.5))).toBeLessThan(3);
    // The pictures were aligned before by others: hardly any is tilted.
    expect(quantile('roll', 0.99) - quantile('roll', 0.01)).toBeLessThan(40);
    expect(quantile('yaw', 0.99) - quantile('yaw', 0.01)).toBeGreaterThan(40);
  });
});
