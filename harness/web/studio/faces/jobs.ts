// The jobs of the faces page, on one host.
import type { WorkerContext } from '../../worker/context.js';
import { findJob, identifyJob } from './find-job.js';
import { changeJob, enrollJob, exportJob, galleryJob, importJob } from './gallery-jobs.js';
import { FaceHost } from './host.js';
import { fitJob, keepJob, mapJob } from './study-jobs.js';

/** All of them, by name. */
export function faceJobs(context: WorkerContext) {
  const host = new FaceHost(context);
  return {
    faceFind: findJob(context, host),
    faceIdentify: identifyJob(host),
    faceGallery: galleryJob(host),
    faceEnroll: enrollJob(host),
    faceChange: changeJob(host),
    faceExport: exportJob(host),
    faceImport: importJob(host),
    faceMap: mapJob(host),
    faceFit: fitJob(context, host),
    faceKeep: keepJob(host),
  };
}
