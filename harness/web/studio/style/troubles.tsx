// What went wrong with a run, in plain words, and what can be done about it.
import { t } from '../i18n.js';
import { Notice } from '../parts/notice.js';
import { importAnyway, openRun, recover } from './control.js';
import { foreign, offered, settings, trouble } from './state.js';

export function Troubles() {
  return (
    <>
      <RunTrouble />
      <Offer />
      <Foreign />
    </>
  );
}

const dismiss = () => {
  trouble.value = undefined;
};

function Dismiss() {
  return (
    <button type="button" class="quiet" onClick={dismiss}>
      {t('style.dismiss')}
    </button>
  );
}

function RunTrouble() {
  const what = trouble.value;
  switch (what?.kind) {
    case undefined:
      return null;
    case 'lost':
      return (
        <Notice
          kind="error"
          title={t('trouble.lost')}
          actions={
            <button type="button" class="primary" onClick={() => void recover()}>
              {t('gpu.again')}
            </button>
          }
        >
          {t('trouble.lostHow', { step: what.step })}
        </Notice>
      );
    case 'memory':
      return <Memory message={what.message} />;
    case 'input':
    case 'other':
      return (
        <Notice kind="error" title={t(`trouble.${what.kind}`)} actions={<Dismiss />}>
          <pre>{what.message}</pre>
        </Notice>
      );
    case 'otherTab':
      return (
        <Notice kind="warning" title={t('trouble.otherTab')} actions={<Dismiss />}>
          {t('trouble.otherTabHow')}
        </Notice>
      );
    case 'hidden':
    case 'storage':
      return <Notice kind="info" title={t(`trouble.${what.kind}`)} actions={<Dismiss />} />;
  }
}

/** The message names a size that fits, where there is one. */
function Memory({ message }: { message: string }) {
  const size = /--size (\d+)/.exec(message)?.[1];
  return (
    <Notice
      kind="error"
      title={t('trouble.memory')}
      actions={
        size !== undefined && (
          <button
            type="button"
            class="primary"
            onClick={() => {
              const { options } = settings.value;
              settings.value = { ...settings.value, options: { ...options, size: Number(size) } };
              dismiss();
            }}
          >
            {t('trouble.smaller', { size })}
          </button>
        )
      }
    >
      {t('trouble.memoryHow', { message })}
    </Notice>
  );
}

function Offer() {
  const run = offered.value;
  if (!run) return null;
  return (
    <Notice
      kind="info"
      title={t('style.keptOffer', { step: run.step, total: run.total })}
      actions={
        <>
          <button type="button" class="primary" onClick={() => void openRun(run)}>
            {t('style.keptOfferOpen')}
          </button>
          <button
            type="button"
            class="quiet"
            onClick={() => {
              offered.value = undefined;
            }}
          >
            {t('style.dismiss')}
          </button>
        </>
      }
    />
  );
}

function Foreign() {
  if (!foreign.value) return null;
  return (
    <Notice
      kind="warning"
      title={t('style.importOther')}
      actions={
        <>
          <button type="button" class="primary" onClick={() => void importAnyway()}>
            {t('style.importAnyway')}
          </button>
          <button
            type="button"
            onClick={() => {
              foreign.value = undefined;
            }}
          >
            {t('style.importCancel')}
          </button>
        </>
      }
    />
  );
}
