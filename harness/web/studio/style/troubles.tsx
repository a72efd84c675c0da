// What went wrong with a run, in plain words, and what can be done about it.
import { FacetError, InputError } from '../../../../src/base/errors.js';
import { t } from '../i18n.js';
import { Fault } from '../parts/fault.js';
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
      return <Memory error={what.error} />;
    case 'error':
      return (
        <Notice
          kind="error"
          title={t(what.error instanceof InputError ? 'trouble.input' : 'trouble.error')}
          actions={<Dismiss />}
        >
          <Fault error={what.error} />
        </Notice>
      );
    case 'importNeeds':
      return (
        <Notice kind="error" title={t('trouble.input')} actions={<Dismiss />}>
          {t('style.importNeeds')}
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

/** The error names a size that fits, where there is one. */
function Memory({ error }: { readonly error: Error }) {
  const fact = error instanceof FacetError ? error.fact : undefined;
  const size = fact?.code === 'size-limit' ? fact.values.size : undefined;
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
      <p>{t('trouble.memoryHow')}</p>
      <Fault error={error} />
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
