// The studio's entry: starts the machine, shows the shell, keeps itself for use without a network.
import { render } from 'preact';
import './main.css';
import { startGpu } from './gpu.js';
import { keepOffline } from './offline.js';
import { Shell } from './shell/shell.js';

const place = document.getElementById('studio');
if (place) render(<Shell />, place);
void startGpu();
void keepOffline();
