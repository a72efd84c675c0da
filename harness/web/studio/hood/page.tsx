// The page under the hood.
import { Adapter, MemoryPlan } from './machine.js';
import { Bench, Checks, Tuner } from './measure.js';
import { Report } from './report.js';
import { Viewer } from './viewer.js';

export function HoodPage() {
  return (
    <div class="page hood-page">
      <div class="two">
        <Adapter />
        <MemoryPlan />
      </div>
      <Viewer />
      <Bench />
      <div class="two">
        <Checks />
        <Tuner />
      </div>
      <Report />
    </div>
  );
}
