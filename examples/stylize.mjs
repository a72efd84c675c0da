// The task: a picture in the style of another.
import { Device } from 'facet';
import { findWeights, nodePlatform, paintStyle, writePicture } from 'facet/node';
import { stylize } from 'facet/style';

const platform = nodePlatform();
const device = await Device.open(platform);
const weights = await findWeights('vgg19-slim'); // embedded; 'vgg19' after `facet weights get vgg19`
const content = paintStyle('woodcut', { width: 96, height: 64, seed: 1 }); // or await readPicture('photo.jpg')
const style = paintStyle('stained-glass', { width: 96, height: 96, seed: 2 });
const result = await stylize(
  { device, weights, content, style, options: { size: 96, iterations: 20 } },
  { onStep: ({ step, losses }) => losses && console.log(step, losses.total) },
);
await writePicture(process.argv[2] ?? 'example.png', result.image, { force: true });
device.destroy();
platform.dispose();
