import type { DatabaseKind } from '../../../lab/stores/database.ts';

interface ExpectedUser {
  readonly login: string;
  readonly password: string;
  readonly id: string;
  readonly confirmed: boolean;
  /** Sorted. */
  readonly groups: readonly string[];
}

/** A page of docs/adopting, and what each of its configurations must find in the tables that `made-by/` made. */
export interface FrameworkPage {
  readonly page: string;
  /** The databases that the framework commonly uses. */
  readonly kinds: readonly DatabaseKind[];
  /** For each YAML block of the page, in their order. */
  readonly users: readonly (readonly ExpectedUser[])[];
  /** The YAML blocks whose table the role of the page may not read. */
  readonly withoutRole?: readonly number[];
}

const ALL: readonly DatabaseKind[] = ['sqlite', 'mysql', 'postgres'];
const ADA = { login: 'ADA@example.com', password: 'correct horse: battery staple', id: '1', confirmed: true };
const BOB = { login: 'bob@example.com', password: "bob's own password", id: '2', confirmed: false };
const CAROL = { login: 'carol@example.com', password: "carol's own password", id: '3', confirmed: true };

const inGroups = <User>(user: User, ...groups: readonly string[]) => ({ ...user, groups });

export const FRAMEWORK_PAGES: readonly FrameworkPage[] = [
  {
    page: 'flask',
    kinds: ALL,
    users: [
      [inGroups(ADA), inGroups(BOB)],
      [inGroups(ADA, 'staff'), inGroups(BOB, 'staff')],
    ],
  },
  {
    page: 'django',
    kinds: ALL,
    users: [
      [inGroups(ADA), inGroups(BOB)],
      [inGroups({ ...ADA, login: 'ada' }), inGroups({ ...BOB, login: 'bob' })],
      [inGroups(ADA, 'staff'), inGroups(BOB, 'staff')],
    ],
  },
  {
    page: 'laravel',
    kinds: ALL,
    users: [
      [inGroups(ADA), inGroups(BOB)],
      [inGroups(ADA, 'staff'), inGroups(BOB)],
    ],
  },
  {
    page: 'rails',
    kinds: ALL,
    users: [[inGroups(ADA), inGroups(BOB)], [inGroups(ADA, 'staff'), inGroups(BOB)], [inGroups(ADA)]],
    withoutRole: [2],
  },
  {
    page: 'wordpress',
    kinds: ['mysql'],
    users: [
      [inGroups(ADA), inGroups({ ...BOB, confirmed: true }), inGroups(CAROL)],
      [inGroups({ ...ADA, login: 'ada' }), inGroups({ ...CAROL, login: 'carol' })],
      [inGroups(ADA, 'administrator'), inGroups({ ...BOB, confirmed: true }, 'editor'), inGroups(CAROL, 'subscriber')],
    ],
  },
  {
    page: 'spring',
    kinds: ['mysql', 'postgres'],
    users: [
      [
        inGroups({ ...ADA, login: 'Ada', id: 'Ada' }, 'ROLE_ADMIN', 'ROLE_USER'),
        inGroups({ ...BOB, login: 'bob', id: 'bob' }, 'ROLE_USER'),
      ],
      [inGroups(ADA, 'ADMIN', 'USER'), inGroups(BOB, 'USER')],
    ],
  },
  {
    page: 'aspnet',
    kinds: ['mysql', 'postgres'],
    users: [
      [
        inGroups({ ...ADA, id: '0c9f2f0e-6a3c-4f43-9f5e-5f1f0b0f4a11' }, 'Admin'),
        inGroups({ ...BOB, id: '7d1e5b62-92a6-4e0c-8a53-3f3c4f9f6b22' }),
        inGroups({ ...CAROL, id: 'e2a4c9d8-1b7f-4d2e-b6a0-9c8d7e6f5c33' }),
      ],
      [
        inGroups({ ...ADA, login: 'Ada@example.com', id: '0c9f2f0e-6a3c-4f43-9f5e-5f1f0b0f4a11' }, 'Admin'),
        inGroups({ ...BOB, id: '7d1e5b62-92a6-4e0c-8a53-3f3c4f9f6b22' }),
      ],
      [
        inGroups({ ...ADA, id: '0c9f2f0e-6a3c-4f43-9f5e-5f1f0b0f4a11' }, 'Admin'),
        inGroups({ ...BOB, id: '7d1e5b62-92a6-4e0c-8a53-3f3c4f9f6b22' }),
        inGroups({ ...CAROL, id: 'e2a4c9d8-1b7f-4d2e-b6a0-9c8d7e6f5c33', confirmed: false }),
      ],
    ],
  },
  {
    page: 'express',
    kinds: ALL,
    users: [[inGroups(ADA, 'staff'), inGroups(BOB, 'member')]],
  },
];
