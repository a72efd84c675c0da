// Routes of faces and enrolled people.
import { z } from 'zod';
import { QUALITY_LEVELS } from '../../../src/faces/gate.js';
import { EMBEDDER_NAMES } from '../../../src/faces/models.js';
import { MIN_FACE } from '../../../src/faces/read.js';
import { DEFAULT_COLLECTION } from '../../node/faces/judgement.js';
import type { FaceDesk, NamedPicture } from '../faces.js';
import { checkPicture, type PictureLimits } from './pictures.js';
import { type Call, type FileField, type Route, route } from './route.js';

const name = z.string().min(1).max(200);
const collection = name.default(DEFAULT_COLLECTION);
const net = z.enum(EMBEDDER_NAMES as unknown as [string, ...string[]]).optional();
const threshold = z.number().positive().max(4).optional().describe('squared L2 below which it is one person');
const picture: FileField = { min: 1, max: 1, description: 'a picture' };
const person = z.strictObject({ collection: name, person: name });
const answer = z.looseObject({});

/** The routes. */
export function faceRoutes(desk: FaceDesk, limits: PictureLimits): Route[] {
  const checked = async (
    { files }: Pick<Call<unknown, unknown, unknown>, 'files'>,
    field: string,
  ): Promise<NamedPicture[]> => {
    const pictures = files(field).map((bytes, i, all) => ({
      bytes,
      where: all.length === 1 ? field : `${field}[${i}]`,
    }));
    for (const { bytes, where } of pictures) await checkPicture(bytes, where, limits);
    return pictures;
  };
  return [
    route({
      method: 'post',
      path: '/v1/faces/detect',
      summary: 'Faces of a picture: boxes, 68 landmarks, quality.',
      files: { picture },
      options: z.strictObject({
        minSize: z.number().min(1).max(16384).default(MIN_FACE),
        minScore: z.number().min(0).max(1).default(0.5),
      }),
      replies: { 200: { description: 'the faces', schema: z.object({ faces: z.array(answer) }) } },
      async handle(call) {
        const [one] = await checked(call, 'picture');
        return Response.json({ faces: await desk.detect(one!, { policy: 'all', ...call.options }, call) });
      },
    }),
    route({
      method: 'post',
      path: '/v1/faces/verify',
      summary: 'Whether two pictures show one person.',
      files: { a: picture, b: picture },
      options: z.strictObject({ net, collection: name.optional(), threshold }),
      replies: { 200: { description: 'same, distance, threshold, probability', schema: answer } },
      async handle(call) {
        const [[a], [b]] = [await checked(call, 'a'), await checked(call, 'b')];
        return Response.json(await desk.verify([a!, b!], call.options, call));
      },
    }),
    route({
      method: 'post',
      path: '/v1/faces/enroll',
      summary: 'Add pictures of one person to a collection. What is answered "enrolled" is on disk.',
      files: { pictures: { min: 1, max: 16, description: 'each shows the person' } },
      options: z.strictObject({ name, collection, net, quality: z.enum(QUALITY_LEVELS).default('standard') }),
      replies: { 200: { description: 'what became of each picture', schema: answer } },
      async handle(call) {
        return Response.json(await desk.enroll(await checked(call, 'pictures'), call.options, call));
      },
    }),
    route({
      method: 'post',
      path: '/v1/faces/identify',
      summary: 'Who is in a picture.',
      files: { picture },
      options: z.strictObject({ collection, threshold, k: z.int().min(1).max(100).default(5) }),
      replies: { 200: { description: 'each face with its candidates', schema: answer } },
      async handle(call) {
        const [one] = await checked(call, 'picture');
        return Response.json(await desk.identify(one!, call.options, call));
      },
    }),
    route({
      method: 'get',
      path: '/v1/collections',
      summary: 'Collections of enrolled people.',
      replies: { 200: { description: 'all', schema: z.object({ collections: z.array(answer) }) } },
      handle: async () => Response.json({ collections: await desk.collections() }),
    }),
    route({
      method: 'get',
      path: '/v1/collections/{collection}/people',
      summary: 'People of a collection by name, a page at a time.',
      params: z.strictObject({ collection: name }),
      query: z.strictObject({
        after: name.optional().describe('the last name of the page before'),
        limit: z.coerce.number().int().min(1).max(500).default(100),
      }),
      replies: { 200: { description: 'a page', schema: answer } },
      handle: async ({ params, query }) => Response.json(await desk.people(params.collection, query)),
    }),
    route({
      method: 'patch',
      path: '/v1/collections/{collection}/people/{person}',
      summary: 'Give a person another name.',
      params: person,
      options: z.strictObject({ name, merge: z.boolean().default(false) }),
      replies: { 200: { description: 'whether two became one, and how many samples', schema: answer } },
      async handle({ params, options, ...asker }) {
        const { name: to, merge } = options;
        return Response.json(await desk.rename(params.collection, params.person, to, merge, asker));
      },
    }),
    route({
      method: 'delete',
      path: '/v1/collections/{collection}/people/{person}',
      summary: 'Remove a person with every trace.',
      params: person,
      replies: { 200: { description: 'how many samples went', schema: z.object({ samples: z.int() }) } },
      async handle({ params, ...asker }) {
        return Response.json(await desk.remove(params.collection, params.person, asker));
      },
    }),
  ];
}
