import { defaultFieldResolver, GraphQLError, type GraphQLObjectType, type GraphQLSchema } from 'graphql';
import { createSchema } from 'graphql-yoga';
import type { User } from './createTokenBook.ts';
import { type Tick, ticks } from './ticks.ts';

/** What the resolvers know about the request they answer. */
export interface DemoContext {
  /** `undefined` on an anonymous request. */
  readonly user: User | undefined;
  /** Throws where the guard in front of this root field refuses. */
  readonly guard: (field: string) => void;
  /** What the resolvers want to have in the head of the answer. */
  readonly headers: Headers;
  readonly countMutation: () => void;
  /** Calls back when the token of this request stops working, if the server looks at tokens during streams. */
  readonly onTokenDeath: (died: () => void) => () => void;
}

/** Fields that an API adds to the schema that all share. Those of its auth server are answered without a token. */
export interface SchemaExtension {
  readonly typeDefs: string;
  readonly resolvers: NonNullable<Parameters<typeof createSchema<DemoContext>>[0]['resolvers']>;
}

/** Root fields that need no token. */
export const openFields: readonly string[] = ['public', '__typename', '__schema', '__type'];

const typeDefs = /* GraphQL */ `
  # Every root field may be null, so that a guard takes away its own field only.
  type Query {
    "Who is signed in."
    me: User
    items(first: Int = 10, after: Int = 0): [Item!]
    "Needs no token."
    public: Public
    "Fails with an error that is not about the token."
    broken: String
    "Says: you may not."
    forbidden(as: ForbiddenShape = CODE): String
  }
  type Mutation {
    addItem(title: String!): Item
    "Adds to a counter and answers it."
    bump(by: Int = 1): Int
  }
  type Subscription {
    "Counts from 1, without end when count is 0."
    ticks(count: Int = 0, everyMs: Int = 200): Tick!
  }
  type User { id: ID! name: String! }
  "owner is the name of the user who asks."
  type Item { id: ID! title: String! owner: String! }
  type Public { motd: String! }
  "at is in milliseconds since the epoch."
  type Tick { n: Int! owner: String! at: Float! }
  enum ForbiddenShape {
    "The code FORBIDDEN with HTTP 200."
    CODE
    "HTTP 403."
    STATUS_403
    "HTTP 403 with the challenge insufficient_scope."
    INSUFFICIENT_SCOPE
    "HTTP 401 with the challenge insufficient_user_authentication."
    STEP_UP
  }
`;

const forbiddenShapes = {
  CODE: { code: 'FORBIDDEN' },
  STATUS_403: { http: { status: 403 } },
  INSUFFICIENT_SCOPE: {
    http: {
      status: 403,
      headers: {
        'www-authenticate': 'Bearer error="insufficient_scope", scope="admin"',
      },
    },
  },
  STEP_UP: {
    http: {
      status: 401,
      headers: {
        'www-authenticate': 'Bearer error="insufficient_user_authentication", acr_values="gold"',
      },
    },
  },
};

/** The schema behind every emulator. Its items and its counter live as long as the server. */
export function demoSchema(extension?: SchemaExtension, openToo: readonly string[] = []): GraphQLSchema {
  const titles = Array.from({ length: 40 }, (_, n) => `Item ${n + 1}`);
  const owned = (index: number, { user }: DemoContext) => ({
    id: index + 1,
    title: titles[index],
    owner: user?.name,
  });
  let counter = 0;

  const schema = createSchema<DemoContext>({
    typeDefs: extension ? [typeDefs, extension.typeDefs] : typeDefs,
    resolvers: [
      {
        Query: {
          me: (_, _args, { user }) => user,
          items: (_, { first, after }: { first: number; after: number }, context) =>
            titles.map((_title, index) => owned(index, context)).slice(after, after + first),
          public: () => ({ motd: 'The harbour is open.' }),
          broken: () => {
            throw new GraphQLError('The tide table answered Unauthorized to our own key, please try again later');
          },
          forbidden: (_, args: { as: keyof typeof forbiddenShapes }) => {
            throw new GraphQLError('You may not do this', {
              extensions: forbiddenShapes[args.as],
            });
          },
        },
        Mutation: {
          addItem: (_, { title }: { title: string }, context) => owned(titles.push(title) - 1, context),
          bump: (_, { by }: { by: number }) => {
            counter += by;
            return counter;
          },
        },
        Subscription: {
          ticks: {
            subscribe: (_, args: { count: number; everyMs: number }, { user, onTokenDeath }) =>
              ticks(args, user?.name, onTokenDeath),
            resolve: (tick: Tick) => tick,
          },
        },
      },
      ...(extension ? [extension.resolvers].flat() : []),
    ],
  });
  const open = [...openFields, ...openToo];
  const mutation = schema.getMutationType();
  for (const type of [schema.getQueryType(), mutation, schema.getSubscriptionType()]) {
    if (type) putGuards(type, open, type === mutation);
  }
  return schema;
}

function putGuards(type: GraphQLObjectType<unknown, DemoContext>, open: readonly string[], counts: boolean): void {
  for (const field of Object.values(type.getFields())) {
    if (open.includes(field.name)) continue;
    const step = field.subscribe ? 'subscribe' : 'resolve';
    const inner = field[step] ?? defaultFieldResolver;
    field[step] = (root, args, context, info) => {
      context.guard(field.name);
      if (counts) context.countMutation();
      return inner(root, args, context, info);
    };
  }
}
