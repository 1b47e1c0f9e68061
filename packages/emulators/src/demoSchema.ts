import { defaultFieldResolver, GraphQLError, type GraphQLObjectType, type GraphQLSchema } from 'graphql';
import { createSchema } from 'graphql-yoga';
import type { User } from './createTokenIssuer.ts';
import { type Tick, ticks } from './ticks.ts';

/** The context of the resolvers: one for each request. */
export interface DemoContext {
  /** `undefined` on an anonymous request. */
  readonly user: User | undefined;
  /** Throws where the guard in front of this root field refuses. */
  readonly guard: (field: string) => void;
  /** Headers that the resolvers add to the response. */
  readonly headers: Headers;
  readonly countMutation: () => void;
  /**
   * With `checkStreams`, calls the listener once the token of this request expires or is revoked. Returns the function that
   * removes the listener.
   */
  readonly onTokenInvalid: (listener: () => void) => () => void;
}

type Resolvers = NonNullable<Parameters<typeof createSchema<DemoContext>>[0]['resolvers']>;

/** Fields that one API adds to the common schema. */
export interface SchemaExtension {
  readonly typeDefs: string;
  readonly resolvers: Resolvers;
}

/** Root fields that need no token. */
export const openFields: readonly string[] = ['public', '__typename', '__schema', '__type'];

const typeDefs = /* GraphQL */ `
  # Every root field is nullable, so that a guard nulls its own field only.
  type Query {
    "The signed-in user."
    me: User
    items(first: Int = 10, after: Int = 0): [Item!]
    "Needs no token."
    public: Public
    "Fails with an error that is not about the token."
    broken: String
    "Fails because the user has no permission."
    forbidden(as: ForbiddenShape = CODE): String
  }
  type Mutation {
    addItem(title: String!): Item
    "Adds to a counter and returns it."
    bump(by: Int = 1): Int
  }
  type Subscription {
    "Counts from 1; endless when count is 0."
    ticks(count: Int = 0, everyMs: Int = 200): Tick!
  }
  type User { id: ID! name: String! }
  "owner is the name of the signed-in user."
  type Item { id: ID! title: String! owner: String! }
  type Public { motd: String! }
  "at is in milliseconds since the Unix epoch."
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

/**
 * The schema behind every emulator. Its items and its counter live as long as the server.
 *
 * @param extraOpenFields - root fields of the extension that need no token
 */
export function demoSchema(extension?: SchemaExtension, extraOpenFields: readonly string[] = []): GraphQLSchema {
  const schema = createSchema<DemoContext>({
    typeDefs: extension ? [typeDefs, extension.typeDefs] : typeDefs,
    resolvers: [createResolvers(), extension?.resolvers ?? []].flat(),
  });
  const open = [...openFields, ...extraOpenFields];
  const mutation = schema.getMutationType();
  for (const type of [schema.getQueryType(), mutation, schema.getSubscriptionType()]) {
    if (type) addGuards(type, open, type === mutation);
  }
  return schema;
}

function createResolvers(): Resolvers {
  const titles = Array.from({ length: 40 }, (_, n) => `Item ${n + 1}`);
  const itemAt = (index: number, { user }: DemoContext) => ({
    id: index + 1,
    title: titles[index],
    owner: user?.name,
  });
  let counter = 0;

  return {
    Query: {
      me: (_, _args, { user }) => user,
      items: (_, { first, after }: { first: number; after: number }, context) =>
        titles.map((_title, index) => itemAt(index, context)).slice(after, after + first),
      public: () => ({ motd: 'The harbour is open.' }),
      broken: () => {
        throw new GraphQLError('The tide table answered Unauthorized to our own key, please try again later');
      },
      forbidden: (_, args: { as: keyof typeof forbiddenShapes }) => {
        throw new GraphQLError('You may not do this', { extensions: forbiddenShapes[args.as] });
      },
    },
    Mutation: {
      addItem: (_, { title }: { title: string }, context) => itemAt(titles.push(title) - 1, context),
      bump: (_, { by }: { by: number }) => {
        counter += by;
        return counter;
      },
    },
    Subscription: {
      ticks: {
        subscribe: (_, args: { count: number; everyMs: number }, { user, onTokenInvalid }) =>
          ticks(args, user?.name, onTokenInvalid),
        resolve: (tick: Tick) => tick,
      },
    },
  };
}

function addGuards(
  type: GraphQLObjectType<unknown, DemoContext>,
  open: readonly string[],
  countsMutations: boolean,
): void {
  for (const field of Object.values(type.getFields())) {
    if (open.includes(field.name)) continue;
    const step = field.subscribe ? 'subscribe' : 'resolve';
    const inner = field[step] ?? defaultFieldResolver;
    field[step] = (root, args, context, info) => {
      context.guard(field.name);
      if (countsMutations) context.countMutation();
      return inner(root, args, context, info);
    };
  }
}
