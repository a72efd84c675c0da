// The OpenAPI 3.1 document of the routes.
import { z } from 'zod';
import { problemSchema, type Reply, type Route } from './route.js';

type JsonObject = Record<string, unknown>;

/** The document, as JSON. */
export function openApiOf(routes: readonly Route[], version: string): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const one of routes) paths[one.path] = { ...paths[one.path], [one.method]: operationOf(one) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Facet',
      version,
      description: 'Neural style transfer and face recognition.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    security: [{}, { token: [] }],
  };
}

function operationOf(one: Route): JsonObject {
  const parameters = [...parametersOf(one.params, 'path'), ...parametersOf(one.query, 'query')];
  const responses: JsonObject = {};
  for (const [status, reply] of Object.entries(one.replies)) responses[status] = replyOf(reply);
  responses.default = replyOf({ description: 'what is wrong', schema: problemSchema });
  const body = bodyOf(one);
  return {
    summary: one.summary,
    operationId: `${one.method}${one.path.replace(/[^a-z\d]+(\w)?/gi, (_, next?: string) => next?.toUpperCase() ?? '')}`,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: body } : {}),
    responses,
  };
}

function bodyOf({ files, options }: Route): JsonObject | undefined {
  const schema = options && schemaOf(options);
  if (!files) {
    return schema && { required: true, content: { 'application/json': { schema } } };
  }
  const properties: JsonObject = {};
  const encoding: JsonObject = {};
  const required: string[] = [];
  for (const [name, { min, max, description }] of Object.entries(files)) {
    const picture = { type: 'string', contentMediaType: 'image/*', description };
    properties[name] = max === 1 ? picture : { type: 'array', minItems: min, maxItems: max, items: picture };
    if (min > 0) required.push(name);
  }
  if (schema) {
    properties.options = schema;
    encoding.options = { contentType: 'application/json' };
  }
  const multipart = { schema: { type: 'object', properties, required }, encoding };
  return { required: true, content: { 'multipart/form-data': multipart } };
}

function replyOf({ description, schema, type }: Reply): JsonObject {
  if (type) return { description, content: { [type]: {} } };
  return schema
    ? { description, content: { 'application/json': { schema: schemaOf(schema) } } }
    : { description };
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query'): JsonObject[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = schemaOf(schema) as {
    properties?: Record<string, unknown>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, shape]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: shape,
  }));
}

/** As a client may send it: what has a default may be left out. */
function schemaOf(schema: z.ZodType): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' });
  return rest;
}
