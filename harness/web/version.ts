// The version of the package that was bundled.
import { version } from '../../package.json';

/** Of Facet, as in package.json. */
export const FACET_VERSION: string = version;
