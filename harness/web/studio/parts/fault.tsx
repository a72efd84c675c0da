// An error, in the language of the page where there are words for it.
import { faultText, language } from '../i18n.js';

/** What is wrong, and the program's own message where the page speaks another language. */
export function Fault({ error }: { readonly error: Error }) {
  const text = faultText(error);
  return (
    <div class="fault">
      {text !== error.message && <p>{text}</p>}
      <pre lang={language.value === 'en' ? undefined : 'en'}>{error.message}</pre>
    </div>
  );
}
