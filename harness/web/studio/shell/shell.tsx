// What stands around every page: name, tabs, language, state of the machine.
import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { gpu } from '../gpu.js';
import { chooseLanguage, LANGUAGES, type Language, language, t } from '../i18n.js';
import { offline, takeNewVersion } from '../offline.js';
import { PAGES } from '../pages.js';
import { Notice } from '../parts/notice.js';
import { GpuNotice } from './gpu-notice.js';

const address = signal(location.hash);
addEventListener('hashchange', () => {
  address.value = location.hash;
});
/** Pages that were loaded; they stay, so that what was begun on one goes on while another is shown. */
const loaded = signal<ReadonlyMap<string, ComponentType>>(new Map());

function currentPage() {
  return PAGES.find(({ id }) => address.value === `#/${id}`) ?? PAGES[0]!;
}

export function Shell() {
  const page = currentPage();
  useEffect(() => {
    document.documentElement.lang = language.value === 'zh' ? 'zh-Hans' : 'en';
    document.title = `${t(page.title)} · Facet Studio`;
  }, [page, language.value]);
  useEffect(() => {
    if (loaded.value.has(page.id)) return;
    void page.load().then((component) => {
      loaded.value = new Map(loaded.value).set(page.id, component);
    });
  }, [page]);
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        {t('shell.skip')}
      </button>
      <header class="top">
        <a class="brand" href="#/style">
          <img src="icon.svg" alt="" width="24" height="24" />
          Facet Studio
        </a>
        <nav aria-label={t('shell.pages')}>
          {PAGES.map(({ id, title }) => (
            <a key={id} href={`#/${id}`} aria-current={id === page.id ? 'page' : undefined}>
              {t(title)}
            </a>
          ))}
        </nav>
        <div class="top-end">
          <Machine />
          <LanguageChoice />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <div class="notices">
          <GpuNotice />
          {offline.value === 'new' && (
            <Notice
              kind="info"
              title={t('shell.newVersion')}
              actions={
                <button type="button" onClick={takeNewVersion}>
                  {t('shell.reload')}
                </button>
              }
            />
          )}
        </div>
        {[...loaded.value].map(([id, Component]) => (
          <div key={id} hidden={id !== page.id}>
            <Component />
          </div>
        ))}
      </main>
      <footer class="foot">
        <span>{t('shell.private')}</span>
        <span data-offline={offline.value}>{offline.value === 'kept' ? t('shell.offline') : ''}</span>
      </footer>
    </>
  );
}

function Machine() {
  const state = gpu.value;
  if (state.kind === 'failed') return <span class="machine bad">{t('shell.noGpu')}</span>;
  if (state.kind === 'starting') {
    return (
      <span class="machine" role="status">
        {t('shell.starting')}
      </span>
    );
  }
  const { adapter } = state.ready;
  const name = adapter.description || adapter.device || `${adapter.vendor} ${adapter.architecture}`;
  return (
    <span class="machine good" data-ready title={name}>
      {adapter.software ? t('shell.software') : name}
    </span>
  );
}

function LanguageChoice() {
  return (
    <select
      class="language"
      aria-label={t('shell.language')}
      value={language.value}
      onChange={(event) => chooseLanguage(event.currentTarget.value as Language)}
    >
      {Object.entries(LANGUAGES).map(([id, name]) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}
