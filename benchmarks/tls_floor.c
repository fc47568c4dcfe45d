/* The floor: one fresh connection a check, verified handshake, one request, read to the end, as little else as C can.
   Build: cc -O2 tls_floor.c -o tls_floor -lssl -lcrypto
   Use:   tls_floor http|https ADDRESS PORT COUNT CA_FILE; prints CPU milliseconds a check. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static double cpu_ms(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
}

int main(int argc, char **argv) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    if (argc != 6) return 2;
    int tls = strcmp(argv[1], "https") == 0, count = atoi(argv[4]), one = 1;
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[3]))};
    if (inet_pton(AF_INET, argv[2], &where.sin_addr) != 1) return 2;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_load_verify_locations(context, argv[5], NULL);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
    char buffer[16384];
    double started = cpu_ms();
    for (int i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0), got, total = 0;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (connect(fd, (struct sockaddr *)&where, sizeof where)) { perror("connect"); return 1; }
        SSL *ssl = NULL;
        if (tls) {
            ssl = SSL_new(context);
            SSL_set_fd(ssl, fd);
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), argv[2]);
            if (SSL_connect(ssl) != 1) { fprintf(stderr, "handshake failed\n"); return 1; }
            SSL_write(ssl, request, sizeof request - 1);
            while ((got = SSL_read(ssl, buffer, sizeof buffer)) > 0) total += got;
            SSL_free(ssl);
        } else {
            if (write(fd, request, sizeof request - 1) < 0) return 1;
            while ((got = read(fd, buffer, sizeof buffer)) > 0) total += got;
        }
        close(fd);
        if (total < 1024) { fprintf(stderr, "short answer: %d\n", total); return 1; }
    }
    printf("%.4f\n", (cpu_ms() - started) / count);
    return 0;
}
