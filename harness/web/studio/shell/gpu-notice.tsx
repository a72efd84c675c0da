// Says plainly why nothing can be computed, and what to do.
import { DeviceLostError, WeightsError } from '../../../../src/base/errors.js';
import { gpu, startGpu } from '../gpu.js';
import { t } from '../i18n.js';
import { Fault } from '../parts/fault.js';
import { Notice } from '../parts/notice.js';

export function GpuNotice() {
  const state = gpu.value;
  if (state.kind !== 'failed') return null;
  const { error } = state;
  const again = (
    <button type="button" onClick={() => void startGpu({ anew: true })}>
      {t('gpu.again')}
    </button>
  );
  if (!isSecureContext) {
    return (
      <Notice kind="error" title={t('gpu.insecure')}>
        {t('gpu.insecureHow')}
      </Notice>
    );
  }
  if (!('gpu' in navigator)) {
    return (
      <Notice kind="error" title={t('gpu.none')}>
        {t('gpu.noneHow')}
      </Notice>
    );
  }
  if (error instanceof DeviceLostError) {
    return (
      <Notice kind="error" title={t('gpu.noAdapter')} actions={again}>
        {t('gpu.noAdapterHow')}
        <Fault error={error} />
      </Notice>
    );
  }
  return (
    <Notice
      kind="error"
      title={t(error instanceof WeightsError ? 'gpu.noWeights' : 'gpu.broken')}
      actions={again}
    >
      <Fault error={error} />
    </Notice>
  );
}
