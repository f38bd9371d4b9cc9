import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hive.common.type.HiveDecimal;
import org.apache.hadoop.hive.conf.HiveConf;
import org.apache.hadoop.hive.metastore.api.FieldSchema;
import org.apache.hadoop.hive.ql.DriverFactory;
import org.apache.hadoop.hive.ql.IDriver;
import org.apache.hadoop.hive.ql.session.SessionState;
import org.apache.hadoop.hive.serde2.FetchFormatter;
import org.apache.hadoop.hive.serde2.objectinspector.ListObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.MapObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.ObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.PrimitiveObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.StructField;
import org.apache.hadoop.hive.serde2.objectinspector.StructObjectInspector;
import org.apache.hadoop.hive.serde2.typeinfo.DecimalTypeInfo;

/** Hive's compiler and execution in one process, behind HTTP; one statement at a time. */
public class HiveServer {
    private static final Gson JSON = new GsonBuilder().serializeNulls().create();
    private static final String SUCCESS_OF_HIVE_3 = "(responseCode = 0,";

    public static void main(String[] settings) throws Exception {
        List<URL> classPath = new ArrayList<>();
        for (String jar : System.getProperty("java.class.path").split(File.pathSeparator)) {
            classPath.add(new File(jar).toURI().toURL());
        }
        ClassLoader source = HiveServer.class.getClassLoader();
        ClassLoader loader = new Loader(classPath.toArray(new URL[0]), source);
        Thread.currentThread().setContextClassLoader(loader);
        Class<?> server = loader.loadClass(HiveServer.class.getName());
        server.getMethod("serve", String[].class).invoke(null, (Object) settings);
    }

    /** Hive 3 casts the loader of its own classes to this class, which Java's own has not been since Java 9. */
    private static final class Loader extends URLClassLoader {
        private final ClassLoader source;

        Loader(URL[] classPath, ClassLoader source) {
            super(classPath, ClassLoader.getPlatformClassLoader());
            this.source = source;
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            if (!name.startsWith(HiveServer.class.getName())) {
                return super.findClass(name);
            }
            try (var file = source.getResourceAsStream(name + ".class")) {
                byte[] bytes = file.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException error) {
                throw new ClassNotFoundException(name, error);
            }
        }
    }

    public static void serve(String[] settings) throws Exception {
        HiveConf conf = new HiveConf(SessionState.class);
        for (String setting : settings) {
            String[] pair = setting.split("=", 2);
            conf.set(pair[0], pair[1]);
        }
        conf.set("list.sink.output.formatter", Rows.class.getName());
        SessionState session = SessionState.start(conf);
        InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        HttpServer server = HttpServer.create(anyPort, 0);
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        server.createContext("/", exchange -> {
            Thread.currentThread().setContextClassLoader(loader);
            SessionState.setCurrentSessionState(session);
            byte[] statement = exchange.getRequestBody().readAllBytes();
            Object answer = answer(new String(statement, StandardCharsets.UTF_8), conf);
            byte[] body = JSON.toJson(answer).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        System.out.println("listening on " + server.getAddress().getPort());
    }

    private static Object answer(String statement, HiveConf conf) {
        try {
            return run(statement, conf);
        } catch (Throwable error) {
            error.printStackTrace();
            Throwable cause = error;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            return Map.of("error", error == cause ? error.toString() : error + ": " + cause);
        }
    }

    private static Object run(String statement, HiveConf conf) throws Exception {
        try (IDriver driver = DriverFactory.newDriver(conf)) {
            // Hive 3 answers with a code, Hive 4 throws.
            String response = String.valueOf(driver.run(statement));
            if (response.startsWith("(responseCode") && !response.startsWith(SUCCESS_OF_HIVE_3)) {
                throw new IOException(response);
            }
            List<Object> columns = new ArrayList<>();
            List<FieldSchema> fields = driver.getSchema().getFieldSchemas();
            for (FieldSchema field : fields == null ? List.<FieldSchema>of() : fields) {
                columns.add(List.of(field.getName(), field.getType()));
            }
            List<Object> rows = new ArrayList<>();
            while (driver.getResults(rows)) {
                // It appends until there is no more.
            }
            return Map.of("columns", columns, "rows", rows);
        }
    }

    /** Rows as lists of values. */
    public static final class Rows implements FetchFormatter<Object> {
        @Override
        public void initialize(Configuration conf, Properties properties) {}

        @Override
        public Object convert(Object row, ObjectInspector inspector) {
            return plain(row, inspector);
        }

        @Override
        public void close() {}
    }

    private static Object plain(Object value, ObjectInspector inspector) {
        if (value == null) {
            return null;
        }
        switch (inspector.getCategory()) {
            case LIST:
                ListObjectInspector list = (ListObjectInspector) inspector;
                List<Object> elements = new ArrayList<>();
                for (Object element : list.getList(value)) {
                    elements.add(plain(element, list.getListElementObjectInspector()));
                }
                return elements;
            case MAP:
                MapObjectInspector map = (MapObjectInspector) inspector;
                Map<Object, Object> entries = new LinkedHashMap<>();
                map.getMap(value).forEach((key, item) -> entries.put(
                        plain(key, map.getMapKeyObjectInspector()),
                        plain(item, map.getMapValueObjectInspector())));
                return entries;
            case STRUCT:
                StructObjectInspector struct = (StructObjectInspector) inspector;
                List<Object> members = new ArrayList<>();
                for (StructField field : struct.getAllStructFieldRefs()) {
                    Object member = struct.getStructFieldData(value, field);
                    members.add(plain(member, field.getFieldObjectInspector()));
                }
                return members;
            default:
                return primitive(value, (PrimitiveObjectInspector) inspector);
        }
    }

    private static Object primitive(Object value, PrimitiveObjectInspector inspector) {
        Object plain = inspector.getPrimitiveJavaObject(value);
        switch (inspector.getPrimitiveCategory()) {
            case BINARY:
                return Base64.getEncoder().encodeToString((byte[]) plain);
            case DECIMAL:
                int scale = ((DecimalTypeInfo) inspector.getTypeInfo()).scale();
                return ((HiveDecimal) plain).toFormatString(scale);
            case TIMESTAMP:
                String[] parts = plain.toString().split("\\.");
                String fraction = (parts.length > 1 ? parts[1] : "") + "000000";
                return parts[0] + "." + fraction.substring(0, 6);
            case DATE:
                return plain.toString();
            default:
                return plain;
        }
    }
}
