CREATE TABLE public.members (
    id bigint NOT NULL,
    email_address character varying NOT NULL,
    password_digest character varying NOT NULL,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);
CREATE SEQUENCE public.members_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.members_id_seq OWNED BY public.members.id;
CREATE TABLE public.roles (
    id bigint NOT NULL,
    name character varying,
    resource_type character varying,
    resource_id bigint,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);
CREATE SEQUENCE public.roles_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.roles_id_seq OWNED BY public.roles.id;
CREATE TABLE public.users (
    id bigint NOT NULL,
    email character varying DEFAULT ''::character varying NOT NULL,
    encrypted_password character varying DEFAULT ''::character varying NOT NULL,
    reset_password_token character varying,
    reset_password_sent_at timestamp without time zone,
    remember_created_at timestamp without time zone,
    confirmation_token character varying,
    confirmed_at timestamp without time zone,
    confirmation_sent_at timestamp without time zone,
    unconfirmed_email character varying,
    failed_attempts integer DEFAULT 0 NOT NULL,
    unlock_token character varying,
    locked_at timestamp without time zone,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);
CREATE SEQUENCE public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.users_id_seq OWNED BY public.users.id;
CREATE TABLE public.users_roles (
    user_id bigint,
    role_id bigint
);
ALTER TABLE ONLY public.members ALTER COLUMN id SET DEFAULT nextval('public.members_id_seq'::regclass);
ALTER TABLE ONLY public.roles ALTER COLUMN id SET DEFAULT nextval('public.roles_id_seq'::regclass);
ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT nextval('public.users_id_seq'::regclass);
INSERT INTO public.members VALUES (1, 'ada@example.com', '$2a$12$i3GN/Wo8fJuBrgu43iC5Q.FzaSDcvNc14oAkbBH48yP5MR2FIlfli', '2026-11-27 03:07:49.513809', '2026-11-27 03:07:49.513809');
INSERT INTO public.roles VALUES (1, 'staff', NULL, NULL, '2026-11-27 03:07:48.358646', '2026-11-27 03:07:48.358646');
INSERT INTO public.roles VALUES (2, 'owner', 'Forum', 7, '2026-11-27 03:07:48.395966', '2026-11-27 03:07:48.395966');
INSERT INTO public.users VALUES (1, 'ada@example.com', '$2a$12$GDc.Or0lQ8a9ekjv2vaocOr5PityUofkf4H0XbYGxCQbc8OPV/0QK', NULL, NULL, NULL, NULL, '2026-11-27 12:00:00', NULL, NULL, 0, NULL, NULL, '2026-11-27 03:07:46.762813', '2026-11-27 03:07:46.762813');
INSERT INTO public.users VALUES (2, 'bob@example.com', '$2a$12$ALqMRsczPrqZ9lL7hJmfW.quS.a.aOykCQFcsSckNyJp9Bi1Socbe', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, '2026-11-27 03:07:48.319806', '2026-11-27 03:07:48.319806');
INSERT INTO public.users_roles VALUES (1, 1);
INSERT INTO public.users_roles VALUES (1, 2);
ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX index_members_on_email_address ON public.members USING btree (email_address);
CREATE INDEX index_roles_on_resource ON public.roles USING btree (resource_type, resource_id);
CREATE UNIQUE INDEX index_users_on_email ON public.users USING btree (email);
CREATE UNIQUE INDEX index_users_on_reset_password_token ON public.users USING btree (reset_password_token);
CREATE INDEX index_users_roles_on_role_id ON public.users_roles USING btree (role_id);
CREATE INDEX index_users_roles_on_user_id ON public.users_roles USING btree (user_id);
