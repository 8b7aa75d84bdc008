CREATE TYPE public."enum_Users_role" AS ENUM (
    'member',
    'staff'
);
CREATE TABLE public."Users" (
    id integer NOT NULL,
    email character varying(255) NOT NULL,
    password character varying(255) NOT NULL,
    "emailVerified" boolean DEFAULT false NOT NULL,
    role public."enum_Users_role" DEFAULT 'member'::public."enum_Users_role" NOT NULL,
    "createdAt" timestamp with time zone NOT NULL,
    "updatedAt" timestamp with time zone NOT NULL
);
CREATE SEQUENCE public."Users_id_seq"
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public."Users_id_seq" OWNED BY public."Users".id;
ALTER TABLE ONLY public."Users" ALTER COLUMN id SET DEFAULT nextval('public."Users_id_seq"'::regclass);
INSERT INTO public."Users" VALUES (1, 'Ada@example.com', '$2b$10$DpXZdGZb1ReYwUaE4x72Oe5liK3kkKUxfVYRtbF4IfZ8DE5S5JWjO', true, 'staff', '2026-11-27 03:08:30.27+00', '2026-11-27 03:08:30.27+00');
INSERT INTO public."Users" VALUES (2, 'bob@example.com', '$2b$10$yAwkLiKciSs6/Ornbd.miO7yjJgO1vSwsMsEHiYOLOvML5BXtLBli', false, 'member', '2026-11-27 03:08:30.657+00', '2026-11-27 03:08:30.657+00');
ALTER TABLE ONLY public."Users"
    ADD CONSTRAINT "Users_email_key" UNIQUE (email);
ALTER TABLE ONLY public."Users"
    ADD CONSTRAINT "Users_pkey" PRIMARY KEY (id);
