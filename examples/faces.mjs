// Faces: which of two pictures' faces are the same person's.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Device } from 'facet';
import { FacePipeline, faceChips, findFaces, verify } from 'facet/faces';
import { loadFaceModels, nodePlatform, readPicture } from 'facet/node';

const platform = nodePlatform();
const device = await Device.open(platform);
const { pipeline: models } = await loadFaceModels({ net: 'resnet34' });
const pipeline = new FacePipeline(device, models);

async function embed(path) {
  const picture = await readPicture(path);
  const { faces } = await findFaces(pipeline, picture, { policy: 'all' }); // from left to right
  return pipeline.embed(await faceChips(pipeline, picture, faces, models.embedder.template));
}

// The package that brings the nets brings pictures of several people too.
const nets = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));
const [first, second] = process.argv.slice(2);
const a = await embed(first ?? join(nets, 'demo', 'sample1.jpg'));
const b = await embed(second ?? join(nets, 'demo', 'sample3.jpg'));
for (const [i, x] of a.entries()) {
  for (const [j, y] of b.entries()) {
    const { same, distance } = verify(x, y, models.embedder.threshold);
    console.log(`face ${i + 1} and face ${j + 1}: ${same ? 'same' : 'different'}, ${distance.toFixed(3)}`);
  }
}
await pipeline.destroy();
device.destroy();
platform.dispose();
