import { memoryGallery } from '../../../src/faces/index.js';
import { conforms } from './conformance.js';

conforms(async () => memoryGallery());
