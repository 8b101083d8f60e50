// The API as an OpenAPI 3.1 document, from the same schemas that validate requests.

import { createDocument } from 'zod-openapi';
import { abandonmentPaths } from './abandonment.ts';
import { adminPaths } from './admin.ts';
import { customerPaths } from './customers.ts';
import { nodePaths } from './node.ts';
import { placementPaths } from './placement.ts';
import { orderPaths } from './orders.ts';
import { paymentPaths } from './payments.ts';
import { productPaths } from './products.ts';
import { ticketPaths } from './tickets.ts';
import { riskPaths } from './risk.ts';
import { userPaths } from './users.ts';

let document: ReturnType<typeof createDocument> | undefined;

export function openApiDocument(): ReturnType<typeof createDocument> {
  document ??= createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Doorbuster',
      version: '1',
      description:
        'Flash sales: every unit is sold exactly once. Errors are RFC 9457 problem details with a stable `code`, and ' +
        '`retry` says whether trying again can help.',
    },
    tags: [
      { name: 'Orders', description: 'For shoppers.' },
      { name: 'Products', description: 'For everybody.' },
      { name: 'Admin', description: 'For the shop.' },
      { name: 'Node', description: 'For operators.' },
    ],
    components: {
      securitySchemes: {
        shopper: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'A token of the shop, with a shared secret or a key of its provider; `sub` is the customer.',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-doorbuster_session',
          description:
            'Of browsers that signed in. Changes are taken with it from this server’s own pages alone; else `forbidden`.',
        },
        admin: { type: 'http', scheme: 'bearer', description: 'The admin token.' },
      },
    },
    paths: {
      ...orderPaths,
      ...ticketPaths,
      ...paymentPaths,
      ...productPaths,
      ...adminPaths,
      ...placementPaths,
      ...userPaths,
      ...customerPaths,
      ...riskPaths,
      ...abandonmentPaths,
      ...nodePaths,
    },
  });
  return document;
}
