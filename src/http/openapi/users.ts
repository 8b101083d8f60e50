// Calls about the people who work in the CMS, with the admin token.

import * as z from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { AddUser, ChangeUser, Email, User, UserList } from '../user-schemas.ts';
import { admin, json, ok, problems } from './parts.ts';

export const userPaths: ZodOpenApiPathsObject = {
  '/v1/admin/users': {
    get: {
      operationId: 'listUsers',
      tags: ['Admin'],
      summary: 'Who works in the CMS',
      security: admin,
      responses: {
        '200': ok('By e-mail, disabled ones too.', UserList),
        ...problems('unauthenticated', 'forbidden', 'unavailable'),
      },
    },
    post: {
      operationId: 'addUser',
      tags: ['Admin'],
      summary: 'Add a user of the CMS',
      description: 'Repeated after a lost answer it says `email_taken`.',
      security: admin,
      requestBody: { required: true, ...json(AddUser) },
      responses: {
        '201': ok('Can sign in from now on.', User),
        ...problems(
          'invalid_request',
          'unauthenticated',
          'forbidden',
          'email_taken',
          'too_many_users',
          'payload_too_large',
          'overloaded',
          'unavailable',
        ),
      },
    },
  },
  '/v1/admin/users/{email}': {
    patch: {
      operationId: 'changeUser',
      tags: ['Admin'],
      summary: 'Change a user of the CMS',
      description:
        'Another role holds from the user’s next request on. Disabling, and another password, end all their sessions; enabling, and ' +
        'another password, end a lockout. Repeating it changes nothing more.',
      security: admin,
      requestParams: { path: z.object({ email: Email }) },
      requestBody: { required: true, ...json(ChangeUser) },
      responses: {
        '200': ok('As it is now.', User),
        ...problems(
          'invalid_request',
          'unauthenticated',
          'forbidden',
          'not_found',
          'payload_too_large',
          'overloaded',
          'unavailable',
        ),
      },
    },
  },
};
