// Runs before each test file: gives Dawn the Vulkan driver that set-up found, also where vitest is started by hand.
import { fileURLToPath } from 'node:url';
import { applyEnvironment, readEnvironment } from '../../scripts/lib/environment.mjs';

applyEnvironment(readEnvironment(fileURLToPath(new URL('../..', import.meta.url))));
