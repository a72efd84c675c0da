// `facet train`: nets made from pictures.
import { Command } from 'commander';
import { evaluateSlimCommand } from './evaluate-slim.js';
import { trainFaceCommand } from './train-face.js';
import { trainSlimCommand } from './train-slim.js';

/** The sub-command `train`. */
export function trainCommand(): Command {
  return new Command('train')
    .description('train a net on your own pictures, on any GPU or none')
    .addCommand(trainFaceCommand())
    .addCommand(trainSlimCommand())
    .addCommand(evaluateSlimCommand());
}
