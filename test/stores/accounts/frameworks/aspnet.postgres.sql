-- The tables of the published migrations of ASP.NET Core Identity (with Npgsql), not made by running them. The hashes are those
-- of the published algorithm of its PasswordHasher, by hashlib.pbkdf2_hmac of Python.
CREATE TABLE "AspNetUsers" (
  "Id" text NOT NULL,
  "UserName" character varying(256),
  "NormalizedUserName" character varying(256),
  "Email" character varying(256),
  "NormalizedEmail" character varying(256),
  "EmailConfirmed" boolean NOT NULL,
  "PasswordHash" text,
  "SecurityStamp" text,
  "ConcurrencyStamp" text,
  "PhoneNumber" text,
  "PhoneNumberConfirmed" boolean NOT NULL,
  "TwoFactorEnabled" boolean NOT NULL,
  "LockoutEnd" timestamp with time zone,
  "LockoutEnabled" boolean NOT NULL,
  "AccessFailedCount" integer NOT NULL,
  CONSTRAINT "PK_AspNetUsers" PRIMARY KEY ("Id")
);
CREATE TABLE "AspNetRoles" (
  "Id" text NOT NULL,
  "Name" character varying(256),
  "NormalizedName" character varying(256),
  "ConcurrencyStamp" text,
  CONSTRAINT "PK_AspNetRoles" PRIMARY KEY ("Id")
);
CREATE TABLE "AspNetUserRoles" (
  "UserId" text NOT NULL,
  "RoleId" text NOT NULL,
  CONSTRAINT "PK_AspNetUserRoles" PRIMARY KEY ("UserId", "RoleId")
);
CREATE INDEX "EmailIndex" ON "AspNetUsers" ("NormalizedEmail");
CREATE UNIQUE INDEX "UserNameIndex" ON "AspNetUsers" ("NormalizedUserName");
INSERT INTO "AspNetUsers" VALUES ('0c9f2f0e-6a3c-4f43-9f5e-5f1f0b0f4a11', 'Ada@example.com', 'ADA@EXAMPLE.COM', 'Ada@example.com', 'ADA@EXAMPLE.COM', true, 'AQAAAAIAAYagAAAAENbcwexnzs7rDA+ETs5YTNkOKgqPQ+LL6fC7ZC33rYCw8DuQt4Gl8maavIjhcXXTfw==', 'QHBZ5SY7DPKRFZ4YVTAQ6M2VQLJ6HC3E', '5c0f1c0e-2f2d-4c53-9d55-7a61c6c9d3e1', NULL, false, false, NULL, true, 0);
INSERT INTO "AspNetUsers" VALUES ('7d1e5b62-92a6-4e0c-8a53-3f3c4f9f6b22', 'bob@example.com', 'BOB@EXAMPLE.COM', 'bob@example.com', 'BOB@EXAMPLE.COM', false, 'AQAAAAIAAYagAAAAEA2UwyrVJ2u5pERyFX/fo9LYFg5E+nxN6Din3MISeb3ZJSPVcuP3t/40VOVLVlVm7Q==', 'QHBZ5SY7DPKRFZ4YVTAQ6M2VQLJ6HC3E', '5c0f1c0e-2f2d-4c53-9d55-7a61c6c9d3e1', NULL, false, false, NULL, true, 0);
INSERT INTO "AspNetUsers" VALUES ('e2a4c9d8-1b7f-4d2e-b6a0-9c8d7e6f5c33', 'carol@example.com', 'CAROL@EXAMPLE.COM', 'carol@example.com', 'CAROL@EXAMPLE.COM', true, 'AQAAAAIAAYagAAAAEGn6cHIRXXKdFYce9vpsaLkViHep2iy1I2Kcvp8s3JhCg7W3O3Wh5HAdrqjsqjt1JA==', 'QHBZ5SY7DPKRFZ4YVTAQ6M2VQLJ6HC3E', '5c0f1c0e-2f2d-4c53-9d55-7a61c6c9d3e1', NULL, false, false, '9999-12-31 23:59:59+00', true, 0);
INSERT INTO "AspNetRoles" VALUES ('1f6f8a3e-3d0a-4b7e-9f5c-2a1b3c4d5e6f', 'Admin', 'ADMIN', NULL);
INSERT INTO "AspNetUserRoles" VALUES ('0c9f2f0e-6a3c-4f43-9f5e-5f1f0b0f4a11', '1f6f8a3e-3d0a-4b7e-9f5c-2a1b3c4d5e6f');
