// Entry of dist/cli.js.
import { explainFailure, main } from './main.js';

// What is thrown where nobody waits for it ends the program too, with a code of its own; Node's would be 1.
process.on('uncaughtException', (error) => process.exit(explainFailure(error, process.argv)));

process.exit(await main(process.argv));
