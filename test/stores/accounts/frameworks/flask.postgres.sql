CREATE TABLE public.roles (
    id integer NOT NULL,
    name character varying(64)
);
CREATE SEQUENCE public.roles_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.roles_id_seq OWNED BY public.roles.id;
CREATE TABLE public.users (
    id integer NOT NULL,
    email character varying(64),
    username character varying(64),
    role_id integer,
    password_hash character varying(256),
    confirmed boolean
);
CREATE SEQUENCE public.users_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.users_id_seq OWNED BY public.users.id;
ALTER TABLE ONLY public.roles ALTER COLUMN id SET DEFAULT nextval('public.roles_id_seq'::regclass);
ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT nextval('public.users_id_seq'::regclass);
INSERT INTO public.roles VALUES (1, 'staff');
INSERT INTO public.users VALUES (1, 'Ada@example.com', 'ada', 1, 'pbkdf2:sha256:260000$Eo15gyXWnsmU0R0Q$911d41a5bdd77bf41b714cdf868ece27011a881e905db462645bcc29ba0fb872', true);
INSERT INTO public.users VALUES (2, 'bob@example.com', 'bob', 1, 'pbkdf2:sha256:260000$koOxMzlm0G626Ph0$1820cadfc95b170557b5eff157e979a765be1b3076b16d7a722156025f8746ab', false);
ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_name_key UNIQUE (name);
ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX ix_users_email ON public.users USING btree (email);
CREATE UNIQUE INDEX ix_users_username ON public.users USING btree (username);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_role_id_fkey FOREIGN KEY (role_id) REFERENCES public.roles(id);
