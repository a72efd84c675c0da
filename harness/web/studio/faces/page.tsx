// The faces page.
import { useEffect } from 'preact/hooks';
import { t } from '../i18n.js';
import { Fault } from '../parts/fault.js';
import { Notice } from '../parts/notice.js';
import { paste, refresh } from './control.js';
import { ThresholdFit } from './fit.js';
import { Gallery } from './gallery.js';
import { Input, Options } from './input.js';
import { EmbeddingMap } from './map.js';
import { Stage } from './stage.js';
import { trouble } from './state.js';
import { Verify } from './verify.js';

export function FacesPage() {
  useEffect(() => {
    void refresh();
    addEventListener('paste', paste);
    return () => removeEventListener('paste', paste);
  }, []);
  return (
    <>
      <div class="notices page-notices">
        {trouble.value !== undefined && (
          <Notice kind="error" title={t('faces.failed')}>
            {trouble.value instanceof Error ? (
              <Fault error={trouble.value} />
            ) : (
              t(trouble.value.text, trouble.value.values)
            )}
          </Notice>
        )}
      </div>
      <div class="page style-page faces-page">
        <div class="stack">
          <Input />
          <Options />
          <Gallery />
        </div>
        <div class="stack">
          <Stage />
          <div class="two">
            <Verify />
            <ThresholdFit />
          </div>
          <EmbeddingMap />
        </div>
      </div>
    </>
  );
}
