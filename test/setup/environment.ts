// Runs before each test file: gives Dawn the Vulkan driver that set-up found, also where vitest is started by hand, and
// keeps the tests from the tuning of the machine that they run on.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyEnvironment, readEnvironment } from '../../scripts/lib/environment.mjs';

applyEnvironment(readEnvironment(fileURLToPath(new URL('../..', import.meta.url))));
process.env.FACET_TUNING = join(tmpdir(), `facet-untuned-${process.pid}`);
