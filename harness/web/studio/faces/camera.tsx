// The camera: its pictures are looked at one after the other, as fast as they are done.
import { useEffect, useRef, useState } from 'preact/hooks';
import { studioWorker } from '../gpu.js';
import { type TextKey, t } from '../i18n.js';
import { attempt } from './control.js';
import { chosen, collection, pictures, settings, trouble } from './state.js';

/** Longer side in pixels that is asked for: faces at arm's length are large in it. */
const WIDTH = 640;
/** The entry of the list that the camera's latest picture takes. */
const CAMERA = 0;

export function Camera() {
  const [stream, setStream] = useState<MediaStream>();
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const place = video.current;
    if (!stream || !place) return undefined;
    place.srcObject = stream;
    const live = { on: true };
    void watch(place, live);
    return () => {
      live.on = false;
      for (const track of stream.getTracks()) track.stop();
    };
  }, [stream]);
  const open = async () => {
    trouble.value = undefined;
    try {
      setStream(await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: WIDTH } } }));
    } catch (error) {
      trouble.value = refusal(error as Error);
    }
  };
  return (
    <div class="stack tight">
      <video ref={video} class="camera" autoplay playsInline muted hidden={!stream} />
      <div class="row">
        <button type="button" onClick={stream ? () => setStream(undefined) : open}>
          {t(stream ? 'faces.cameraStop' : 'faces.camera')}
        </button>
      </div>
    </div>
  );
}

/** The reasons that browsers name. */
const REFUSALS: Readonly<Record<string, TextKey>> = {
  NotAllowedError: 'faces.cameraDenied',
  NotFoundError: 'faces.cameraNone',
  NotReadableError: 'faces.cameraBusy',
};

function refusal({ name, message }: Error) {
  const text = REFUSALS[name];
  return text ? { text } : { text: 'faces.cameraRefused' as const, values: { reason: message } };
}

async function watch(video: HTMLVideoElement, live: { on: boolean }): Promise<void> {
  await video.play().catch(() => undefined);
  const canvas = document.createElement('canvas');
  while (live.on) {
    if (video.videoWidth === 0) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      continue;
    }
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext('2d')!.drawImage(video, 0, 0);
    const file = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.95));
    if (!file || !live.on) continue;
    const name = t('faces.cameraName', { time: new Date().toLocaleTimeString() });
    const { search, minScore, threshold } = settings.value;
    const params = { picture: file, name, search, minScore, collection: collection.value, threshold };
    const seen = await attempt(() => studioWorker().call('faceFind', params));
    if (!seen) return;
    const before = pictures.value.find(({ id }) => id === CAMERA);
    if (before) URL.revokeObjectURL(before.url);
    const now = { id: CAMERA, name, file, url: URL.createObjectURL(file), seen };
    pictures.value = [now, ...pictures.value.filter(({ id }) => id !== CAMERA)];
    if (!before) chosen.value = CAMERA;
  }
}
