// Calls of operators: where the shards live.

import type { ZodOpenApiPathsObject } from 'zod-openapi';
import * as schemas from '../schemas.ts';
import { admin, json, ok, problems } from './parts.ts';

export const placementPaths: ZodOpenApiPathsObject = {
  '/v1/admin/placement': {
    get: {
      operationId: 'getPlacement',
      tags: ['Admin'],
      summary: 'The placement file that was last applied, and how far it is carried out',
      security: admin,
      responses: {
        '200': ok('As it is now.', schemas.PlacementStatus),
        ...problems('unauthenticated', 'forbidden'),
      },
    },
    post: {
      operationId: 'applyPlacement',
      tags: ['Admin'],
      summary: 'Carry a placement file out, live',
      description:
        'Shard by shard, while they sell. Answers when it has begun. The file is kept for the next start of the node.',
      security: admin,
      requestBody: { required: true, ...json(schemas.ApplyPlacement) },
      responses: {
        '202': ok('It has begun.', schemas.PlacementStatus),
        ...problems(
          'invalid_request',
          'unauthenticated',
          'forbidden',
          'resharding_running',
          'version_conflict',
          'payload_too_large',
          'shutting_down',
        ),
      },
    },
  },
  '/v1/admin/placement/plan': {
    post: {
      operationId: 'planPlacement',
      tags: ['Admin'],
      summary: 'What a placement file would move',
      description: 'Changes nothing. Each mistake of the file is told with its line.',
      security: admin,
      requestBody: { required: true, ...json(schemas.PlanPlacement) },
      responses: {
        '200': ok('The moves, from where the shards are now.', schemas.PlacementPlan),
        ...problems('invalid_request', 'unauthenticated', 'forbidden', 'payload_too_large'),
      },
    },
  },
};
